// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "log.h"

#define LINES_A_SECOND	20

static atomic_bool log_verbose;
static atomic_bool log_quiet;

static pthread_mutex_t limit_lock = PTHREAD_MUTEX_INITIALIZER;
static time_t limit_second;	/* under limit_lock, as the two below */
static unsigned int limit_lines;
static unsigned long limit_dropped;

static void print_line(const char *prefix, const char *fmt, va_list args)
{
	char line[512];

	vsnprintf(line, sizeof(line), fmt, args);
	fprintf(stderr, "pddgpu-emu: %s%s\n", prefix, line);
}

void log_set_verbose(bool verbose)
{
	log_verbose = verbose;
}

void log_set_quiet(bool quiet)
{
	log_quiet = quiet;
}

void log_info(const char *fmt, ...)
{
	va_list args;

	if (!log_verbose)
		return;
	va_start(args, fmt);
	print_line("", fmt, args);
	va_end(args);
}

void log_error(const char *fmt, ...)
{
	va_list args;

	if (log_quiet)
		return;
	va_start(args, fmt);
	print_line("error: ", fmt, args);
	va_end(args);
}

/* True if this second still has room for a line. */
static bool limit_allows(void)
{
	struct timespec now;
	bool allows;

	clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&limit_lock);
	if (now.tv_sec != limit_second) {
		if (limit_dropped)
			fprintf(stderr, "pddgpu-emu: guest: %lu lines left out\n",
				limit_dropped);
		limit_second = now.tv_sec;
		limit_lines = 0;
		limit_dropped = 0;
	}
	allows = limit_lines < LINES_A_SECOND;
	if (allows)
		limit_lines++;
	else
		limit_dropped++;
	pthread_mutex_unlock(&limit_lock);
	return allows;
}

void log_guest(const char *fmt, ...)
{
	va_list args;

	if (log_quiet || !limit_allows())
		return;
	va_start(args, fmt);
	print_line("guest: ", fmt, args);
	va_end(args);
}
