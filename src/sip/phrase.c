/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Default reason phrases: RFC 3261 21 and the registry's later ones. One const table of static
 * strings by code; a code that is not in it gets the name of its class.
 */
#include <sipring/sip.h>

#define FIRST 100
#define LAST 699

static const char *const phrases[LAST - FIRST + 1] = {
	[100 - FIRST] = "Trying",
	[180 - FIRST] = "Ringing",
	[181 - FIRST] = "Call Is Being Forwarded",
	[182 - FIRST] = "Queued",
	[183 - FIRST] = "Session Progress",
	[199 - FIRST] = "Early Dialog Terminated",
	[200 - FIRST] = "OK",
	[202 - FIRST] = "Accepted",
	[204 - FIRST] = "No Notification",
	[300 - FIRST] = "Multiple Choices",
	[301 - FIRST] = "Moved Permanently",
	[302 - FIRST] = "Moved Temporarily",
	[305 - FIRST] = "Use Proxy",
	[380 - FIRST] = "Alternative Service",
	[400 - FIRST] = "Bad Request",
	[401 - FIRST] = "Unauthorized",
	[402 - FIRST] = "Payment Required",
	[403 - FIRST] = "Forbidden",
	[404 - FIRST] = "Not Found",
	[405 - FIRST] = "Method Not Allowed",
	[406 - FIRST] = "Not Acceptable",
	[407 - FIRST] = "Proxy Authentication Required",
	[408 - FIRST] = "Request Timeout",
	[410 - FIRST] = "Gone",
	[412 - FIRST] = "Conditional Request Failed",
	[413 - FIRST] = "Request Entity Too Large",
	[414 - FIRST] = "Request-URI Too Long",
	[415 - FIRST] = "Unsupported Media Type",
	[416 - FIRST] = "Unsupported URI Scheme",
	[417 - FIRST] = "Unknown Resource-Priority",
	[420 - FIRST] = "Bad Extension",
	[421 - FIRST] = "Extension Required",
	[422 - FIRST] = "Session Interval Too Small",
	[423 - FIRST] = "Interval Too Brief",
	[424 - FIRST] = "Bad Location Information",
	[425 - FIRST] = "Bad Alert Message",
	[428 - FIRST] = "Use Identity Header",
	[429 - FIRST] = "Provide Referrer Identity",
	[430 - FIRST] = "Flow Failed",
	[433 - FIRST] = "Anonymity Disallowed",
	[436 - FIRST] = "Bad Identity Info",
	[437 - FIRST] = "Unsupported Credential",
	[438 - FIRST] = "Invalid Identity Header",
	[439 - FIRST] = "First Hop Lacks Outbound Support",
	[440 - FIRST] = "Max-Breadth Exceeded",
	[469 - FIRST] = "Bad Info Package",
	[470 - FIRST] = "Consent Needed",
	[480 - FIRST] = "Temporarily Unavailable",
	[481 - FIRST] = "Call/Transaction Does Not Exist",
	[482 - FIRST] = "Loop Detected",
	[483 - FIRST] = "Too Many Hops",
	[484 - FIRST] = "Address Incomplete",
	[485 - FIRST] = "Ambiguous",
	[486 - FIRST] = "Busy Here",
	[487 - FIRST] = "Request Terminated",
	[488 - FIRST] = "Not Acceptable Here",
	[489 - FIRST] = "Bad Event",
	[491 - FIRST] = "Request Pending",
	[493 - FIRST] = "Undecipherable",
	[494 - FIRST] = "Security Agreement Required",
	[500 - FIRST] = "Server Internal Error",
	[501 - FIRST] = "Not Implemented",
	[502 - FIRST] = "Bad Gateway",
	[503 - FIRST] = "Service Unavailable",
	[504 - FIRST] = "Server Time-out",
	[505 - FIRST] = "Version Not Supported",
	[513 - FIRST] = "Message Too Large",
	[555 - FIRST] = "Push Notification Service Not Supported",
	[580 - FIRST] = "Precondition Failure",
	[600 - FIRST] = "Busy Everywhere",
	[603 - FIRST] = "Decline",
	[604 - FIRST] = "Does Not Exist Anywhere",
	[606 - FIRST] = "Not Acceptable",
	[607 - FIRST] = "Unwanted",
	[608 - FIRST] = "Rejected",
};

const char *sipring_reply_phrase(uint16_t status)
{
	static const char *const classes[] = {"Progress", "Success", "Redirection",
		"Request Failure", "Server Failure", "Global Failure"};

	if (status < FIRST || status > LAST)
		return "Unknown";
	return phrases[status - FIRST] ? phrases[status - FIRST] : classes[status / 100 - 1];
}
