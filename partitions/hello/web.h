/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HELLO_WEB_H
#define HELLO_WEB_H

/* The web service on lwIP. Called from the program's loop, after ip_start(). */

#include <stdbool.h>
#include <stdint.h>

/* Listens on TCP port 80 of every address. `name` is shown on the page. False: lwIP has no memory for it. */
__attribute__((warn_unused_result)) bool web_start(const char *name);

/* Requests answered so far. */
uint32_t web_request_count(void);

#endif
