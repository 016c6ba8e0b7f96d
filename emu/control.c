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

static const struct {
	const char *name;
	uint32_t mode;
} fence_modes[] = {
	{ "stuck", PDDGPU_INJECT_FENCE_STUCK },
	{ "future", PDDGPU_INJECT_FENCE_FUTURE },
	{ "early", PDDGPU_INJECT_FENCE_EARLY },
	{ "past", PDDGPU_INJECT_FENCE_PAST },
};

/* --- Commands ----------------------------------------------------------- */

/* What a command is run with. */
struct call {
	struct card *card;
	uint32_t reg;		/* of the command */
	const char *argument;	/* what follows the name and the space */
	FILE *out;
};

/* Each returns NULL or a reason. */
struct command {
	const char *name;
	const char *argument;
	const char *help;
	const char *(*run)(const struct call *call);
	uint32_t reg;		/* PDDGPU_REG_INJECT_* that it gives its order to */
};

static const char *order(const struct call *call, uint32_t value)
{
	return inject_write(call->card, INJECT_HOST, call->reg, value);
}

/* A number and nothing else, hexadecimal after 0x. */
static bool parse_number(const char *text, uint64_t max, uint64_t *value)
{
	unsigned long long number;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	number = strtoull(text, &end, !strncmp(text, "0x", 2) ? 16 : 10);
	*value = number;
	return !errno && !*end && number <= max;
}

static const char *run_engine(const struct call *call)
{
	for (unsigned int i = 0; i < PDDGPU_NUM_ENGINES; i++)
		if (!strcmp(call->argument, engine_names[i]))
			return order(call, (uint32_t)BIT(i));
	return "no such engine";
}

static const char *run_number(const struct call *call)
{
	uint64_t number;

	if (!parse_number(call->argument, UINT32_MAX, &number))
		return "not a number, or too large";
	return order(call, (uint32_t)number);
}

static const char *run_faults(const struct call *call)
{
	uint64_t count;

	if (!parse_number(call->argument, FIELD_GET(PDDGPU_INJECT_FAULTS_COUNT, ~0U), &count))
		return "not a number, or too large";
	return order(call, (uint32_t)FIELD_PREP(PDDGPU_INJECT_FAULTS_COUNT, count));
}

static const char *run_fault_wptr(const struct call *call)
{
	return order(call, PDDGPU_INJECT_FAULTS_WPTR);
}

static const char *run_fence(const struct call *call)
{
	size_t len = strcspn(call->argument, ":");
	const char *number = call->argument + len;
	uint64_t count = 1;

	if (*number && !parse_number(number + 1, FIELD_GET(PDDGPU_INJECT_FENCE_COUNT, ~0U), &count))
		return "not a number, or too large";
	for (uint32_t i = 0; i < ARRAY_SIZE(fence_modes); i++)
		if (strlen(fence_modes[i].name) == len &&
		    !memcmp(fence_modes[i].name, call->argument, len))
			return order(call, fence_modes[i].mode |
				     (uint32_t)FIELD_PREP(PDDGPU_INJECT_FENCE_COUNT, count));
	return "no such mode";
}

static const char *run_ecc(const struct call *call)
{
	uint64_t addr;

	if (!parse_number(call->argument, UINT64_MAX, &addr) || addr >> 12 > UINT32_MAX)
		return "not an address";
	return order(call, (uint32_t)(addr >> 12));
}

static const char *run_forget(const struct call *call)
{
	return order(call, 1);
}

static const char *run_clear(const struct call *call)
{
	for (unsigned int who = 0; who < INJECT_NUM_WHO; who++)
		card_clear_orders(call->card, who);
	return NULL;
}

static const char *run_stats(const struct call *call)
{
	for (unsigned int e = 0; e < PDDGPU_NUM_ENGINES; e++)
		for (unsigned int n = 0; n < PDDGPU_NUM_STATS; n++)
			fprintf(call->out, "%s %s %llu\n", engine_names[e], stat_names[n],
				(unsigned long long)call->card->engines[e].stats.count[n]);
	return NULL;
}

static const char *run_help(const struct call *call);

static const struct command commands[] = {
	{ "hang", "copy|compute", "the engine's next packet never ends",
	  run_engine, PDDGPU_REG_INJECT_HANG },
	{ "lose-irq", "N", "the next N interrupts are not sent",
	  run_number, PDDGPU_REG_INJECT_LOSE_IRQ },
	{ "storm-irq", "MS", "raise every enabled interrupt without end for MS ms",
	  run_number, PDDGPU_REG_INJECT_STORM_IRQ },
	{ "fence", "stuck|future|early|past[:N]", "the next N (1) fences store a wrong value",
	  run_fence, PDDGPU_REG_INJECT_FENCE },
	{ "faults", "N", "write N fault records of noise",
	  run_faults, PDDGPU_REG_INJECT_FAULTS },
	{ "fault-wptr", NULL, "FAULT_WPTR reads noise",
	  run_fault_wptr, PDDGPU_REG_INJECT_FAULTS },
	{ "dma-error", "N", "the next N accesses to system memory fail",
	  run_number, PDDGPU_REG_INJECT_DMA_ERROR },
	{ "slow", "US", "every packet takes US us longer",
	  run_number, PDDGPU_REG_INJECT_SLOW },
	{ "ecc", "ADDRESS", "the page of VRAM cannot be read until it is written",
	  run_ecc, PDDGPU_REG_INJECT_ECC },
	{ "ones", "MS", "registers read ones and drop writes for MS ms, 0: for ever",
	  run_number, PDDGPU_REG_INJECT_ONES },
	{ "vanish", "N", "die in the Nth packet from now, 0: at once",
	  run_number, PDDGPU_REG_INJECT_VANISH },
	{ "forget", NULL, "VRAM holds noise after the next function reset",
	  run_forget, PDDGPU_REG_INJECT_FORGET },
	{ "stuck-reset", "copy|compute", "the engine's next reset has no end",
	  run_engine, PDDGPU_REG_INJECT_STUCK_RESET },
	{ "clear", NULL, "take back all orders, those of the guest as well", run_clear, 0 },
	{ "stats", NULL, "print all counters", run_stats, 0 },
	{ "help", NULL, "print this", run_help, 0 },
};

static const char *run_help(const struct call *call)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(call->out, "%s%s%s: %s\n", commands[i].name,
			commands[i].argument ? " " : "",
			commands[i].argument ? commands[i].argument : "", commands[i].help);
	fprintf(call->out, "quit: end the server (control socket only)\n");
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
	struct call call = { .card = card, .argument = line + len + !!line[len], .out = out };
	const struct command *command = find_command(line, len);
	const char *reason;

	if (!command) {
		reason = "no such command, try help";
	} else if (!command->argument && *call.argument) {
		reason = "takes no argument";
	} else {
		call.reg = command->reg;
		reason = command->run(&call);
	}
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
