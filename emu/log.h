/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef EMU_LOG_H
#define EMU_LOG_H

#include <stdbool.h>

/**
 * log_set_verbose() - Choose whether log_info() prints
 * @verbose: true to print it
 */
void log_set_verbose(bool verbose);

/**
 * log_set_quiet() - Choose whether log_guest() and log_error() print
 * @quiet: true to print nothing; for tests that provoke errors
 */
void log_set_quiet(bool quiet);

/**
 * log_info() - Tell what the card does, on stderr, if asked to
 * @fmt: printf format, no newline
 *
 * Any thread.
 */
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * log_guest() - Tell what the guest did wrong, on stderr
 * @fmt: printf format, no newline
 *
 * Any thread.  At most 20 lines a second; what was left out is counted.
 */
void log_guest(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * log_error() - Tell that the server itself cannot do something, on stderr
 * @fmt: printf format, no newline
 */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
