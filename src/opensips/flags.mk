# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run inside a tree of OpenSIPS: prints with which flags its core is compiled, one a line, and which
# release it is. Reads what the tree's own Makefile reads, in the same order, and writes nothing.
makefile_defs = 0
DEFS := $(DEFS_EXTRA_OPTS)
include $(firstword $(wildcard Makefile.conf Makefile.conf.template))
include Makefile.defs

.PHONY: sipring-flags
sipring-flags:
	@printf '%s\n' $(DEFS)
	@echo $(VERSION_MAJOR) $(VERSION_MINOR) | \
		awk '{ print "-DOPENSIPS_RELEASE=" $$1 * 100 + $$2 }'
