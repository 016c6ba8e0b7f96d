// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "card.h"
#include "control.h"
#include "listen.h"
#include "log.h"

#define LINE_MAX_BYTES	256

static const char *const engine_names[PDDGPU_NUM_ENGINES] = {
	[PDDGPU_ENGINE_COPY] = "copy",
	[PDDGPU_ENGINE_COMPUTE] = "compute",
};

static const char *const stat_names[PDDGPU_NUM_STATS] = {
	[PDDGPU_STAT_JOBS] = "jobs",
	[PDDGPU_STAT_PACKETS] = "packets",
	[PDDGPU_STAT_BYTES_READ] = "bytes-read",
	[PDDGPU_STAT_BYTES_WRITTEN] = "bytes-written",
	[PDDGPU_STAT_BUSY_NS] = "busy-ns",
	[PDDGPU_STAT_TLB_HITS] = "tlb-hits",
	[PDDGPU_STAT_TLB_MISSES_4K] = "tlb-misses-4k",
	[PDDGPU_STAT_TLB_MISSES_2M] = "tlb-misses-2m",
	[PDDGPU_STAT_WALK_READS] = "walk-reads",
	[PDDGPU_STAT_FAULTS] = "faults",
	[PDDGPU_STAT_IRQS] = "irqs",
};

/* --- Commands ----------------------------------------------------------- */

/* Each gets what follows the name and the space, and returns NULL or a reason. */
struct command {
	const char *name;
	const char *argument;
	const char *help;
	const char *(*run)(struct card *card, const char *argument, FILE *out);
};

static const char *run_hang(struct card *card, const char *argument, FILE *out)
{
	(void)out;
	for (unsigned int i = 0; i < PDDGPU_NUM_ENGINES; i++) {
		if (!strcmp(argument, engine_names[i])) {
			atomic_fetch_or(&card->host_hang, (uint32_t)BIT(i));
			return NULL;
		}
	}
	return "no such engine";
}

static const char *run_lose_irq(struct card *card, const char *argument, FILE *out)
{
	unsigned long count;
	char *end;

	(void)out;
	errno = 0;
	count = strtoul(argument, &end, 10);
	if (errno || *end || argument[0] < '0' || argument[0] > '9' || count > UINT32_MAX)
		return "not a count";
	irq_add_host_lose(&card->irq, (uint32_t)count);
	return NULL;
}

static const char *run_stats(struct card *card, const char *argument, FILE *out)
{
	(void)argument;
	for (unsigned int e = 0; e < PDDGPU_NUM_ENGINES; e++)
		for (unsigned int n = 0; n < PDDGPU_NUM_STATS; n++)
			fprintf(out, "%s %s %llu\n", engine_names[e], stat_names[n],
				(unsigned long long)card->engines[e].stats.count[n]);
	return NULL;
}

static const char *run_help(struct card *card, const char *argument, FILE *out);

static const struct command commands[] = {
	{ "hang", "copy|compute", "the engine's next packet never ends", run_hang },
	{ "lose-irq", "N", "the next N interrupts are not sent", run_lose_irq },
	{ "stats", NULL, "print all counters", run_stats },
	{ "help", NULL, "print this", run_help },
};

static const char *run_help(struct card *card, const char *argument, FILE *out)
{
	(void)card;
	(void)argument;
	for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "%s%s%s: %s\n", commands[i].name,
			commands[i].argument ? " " : "",
			commands[i].argument ? commands[i].argument : "", commands[i].help);
	fprintf(out, "quit: end the server (control socket only)\n");
	return NULL;
}

static const struct command *find_command(const char *name, size_t len)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++)
		if (strlen(commands[i].name) == len && !memcmp(commands[i].name, name, len))
			return &commands[i];
	return NULL;
}

int control_run(struct card *card, const char *line, FILE *out)
{
	size_t len = strcspn(line, " =");
	const char *argument = line + len + !!line[len];
	const struct command *command = find_command(line, len);
	const char *reason;

	if (!command)
		reason = "no such command, try help";
	else if (!command->argument && *argument)
		reason = "takes no argument";
	else
		reason = command->run(card, argument, out);
	if (reason)
		fprintf(out, "error: %s\n", reason);
	else
		fprintf(out, "ok\n");
	return reason ? -EINVAL : 0;
}

/* --- The socket --------------------------------------------------------- */

struct control {
	struct card *card;
	char *path;
	int listen_fd;
	int stop_fd;
	int quit_fd;
	pthread_t thread;
};

/* False if the control shall stop. */
static bool wait_readable(const struct control *control, int fd)
{
	struct pollfd fds[] = {
		{ .fd = control->stop_fd, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};

	while (poll(fds, ARRAY_SIZE(fds), -1) < 0)
		if (errno != EINTR)
			return false;
	return !fds[0].revents;
}

static void answer(struct control *control, int fd, const char *line)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	if (!strcmp(line, "quit")) {
		eventfd_write(control->quit_fd, 1);
		fprintf(out, "ok\n");
	} else {
		control_run(control->card, line, out);
	}
	fclose(out);
	/* A client that does not read its answers loses them. */
	if (send(fd, text, size, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)size)
		log_info("control: answer not delivered");
	free(text);
}

/* Takes whole lines out of the buffer; returns the bytes that remain. */
static size_t answer_lines(struct control *control, int fd, char *buf, size_t used)
{
	char *end;

	while ((end = memchr(buf, '\n', used))) {
		size_t len = (size_t)(end - buf) + 1;

		*end = '\0';
		answer(control, fd, buf);
		used -= len;
		memmove(buf, end + 1, used);
	}
	return used;
}

static void serve_client(struct control *control, int fd)
{
	char buf[LINE_MAX_BYTES];
	size_t used = 0;

	while (used < sizeof(buf) && wait_readable(control, fd)) {
		ssize_t got = recv(fd, buf + used, sizeof(buf) - used, 0);

		if (got <= 0)
			return;
		used = answer_lines(control, fd, buf, used + (size_t)got);
	}
	if (used == sizeof(buf))
		log_error("control: line too long, client dropped");
}

static void *control_main(void *arg)
{
	struct control *control = arg;

	while (wait_readable(control, control->listen_fd)) {
		int fd = accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			continue;
		serve_client(control, fd);
		close(fd);
	}
	return NULL;
}

struct control *control_start(struct card *card, const char *path, int quit_fd)
{
	struct control *control = calloc(1, sizeof(*control));
	int ret = ENOMEM;

	if (!control)
		goto err;
	control->card = card;
	control->quit_fd = quit_fd;
	control->path = strdup(path);
	if (!control->path)
		goto err_free;
	control->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (control->stop_fd < 0)
		goto err_path;
	control->listen_fd = listen_unix(path);
	if (control->listen_fd < 0)
		goto err_stop_fd;
	ret = pthread_create(&control->thread, NULL, control_main, control);
	if (ret)
		goto err_listen;
	return control;

err_listen:
	close(control->listen_fd);
	unlink(path);
err_stop_fd:
	close(control->stop_fd);
err_path:
	free(control->path);
err_free:
	free(control);
err:
	log_error("no control socket at %s", path);
	return NULL;
}

void control_stop(struct control *control)
{
	if (!control)
		return;
	eventfd_write(control->stop_fd, 1);
	pthread_join(control->thread, NULL);
	close(control->listen_fd);
	unlink(control->path);
	close(control->stop_fd);
	free(control->path);
	free(control);
}
