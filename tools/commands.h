/* SPDX-License-Identifier: BSD-2-Clause */
/* The subcommands. argv[0] is the subcommand's name; each returns the exit status. */
#pragma once

int serve_command(int argc, char **argv);
int load_command(int argc, char **argv);
int send_command(int argc, char **argv);
int parse_command(int argc, char **argv);
int doctor_command(int argc, char **argv);
int stat_command(int argc, char **argv);
int top_command(int argc, char **argv);
int bench_command(int argc, char **argv);
