// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Control commands, the control socket, listening, and the command line. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../control.h"
#include "../listen.h"
#include "../options.h"
#include "rig.h"

#define ANSWER_SIZE	4096

/* Error paths say why on stderr; keep the log of the tests to failures. */
static int saved_stderr;

static void hush(void)
{
	fflush(stderr);
	saved_stderr = dup(STDERR_FILENO);
	assert_non_null(freopen("/dev/null", "w", stderr));
}

static void unhush(void)
{
	fflush(stderr);
	assert_true(dup2(saved_stderr, STDERR_FILENO) >= 0);
	close(saved_stderr);
}

/* --- Commands ----------------------------------------------------------- */

static int run(struct rig *rig, const char *line, char answer[static ANSWER_SIZE])
{
	FILE *out = fmemopen(answer, ANSWER_SIZE, "w");
	int ret;

	assert_non_null(out);
	ret = control_run(rig->card, line, out);
	fclose(out);
	return ret;
}

static void commands(void **state)
{
	struct rig *rig = *state;
	char answer[ANSWER_SIZE];

	assert_int_equal(run(rig, "hang copy", answer), 0);
	assert_string_equal(answer, "ok\n");
	assert_int_equal(run(rig, "hang=compute", answer), 0);
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_HANG), 3);
	assert_int_equal(run(rig, "lose-irq 7", answer), 0);
	assert_int_equal(run(rig, "lose-irq=0x4", answer), 0);
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_LOSE_IRQ), 4);
	assert_int_equal(run(rig, "storm-irq 60000", answer), 0);
	assert_int_not_equal(rig_read(rig, PDDGPU_REG_INJECT_STORM_IRQ), 0);
	assert_int_equal(run(rig, "fence past", answer), 0);
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_FENCE), PDDGPU_INJECT_FENCE_PAST | 1 << 8);
	assert_int_equal(run(rig, "fence=stuck:12", answer), 0);
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_FENCE),
			 PDDGPU_INJECT_FENCE_STUCK | 12 << 8);
	assert_int_equal(run(rig, "faults=2", answer), 0);
	assert_int_equal(rig_num_faults(rig), 2);
	assert_int_equal(run(rig, "dma-error=3", answer), 0);
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_DMA_ERROR), 3);
	assert_int_equal(run(rig, "slow 5", answer), 0);
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_SLOW), 5);
	assert_int_equal(run(rig, "ecc 0x123456", answer), 0);
	rig_write(rig, PDDGPU_REG_FAULT_RPTR, 2);
	assert_int_equal(rig_take_fault(rig).address, 0x123000);
	assert_int_equal(run(rig, "fault-wptr", answer), 0);
	assert_true(inject_armed(&rig->card->inject, INJECT_WPTR));
	assert_int_equal(run(rig, "stuck-reset compute", answer), 0);
	assert_int_equal(run(rig, "stuck-reset=copy", answer), 0);
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_STUCK_RESET), 3);
	assert_int_equal(run(rig, "forget", answer), 0);
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_FORGET), 1);
	assert_int_equal(run(rig, "vanish=1000", answer), 0);
	assert_int_equal(rig->card->inject.orders[INJECT_HOST].vanish, 1000);
	assert_int_equal(run(rig, "help", answer), 0);
	assert_non_null(strstr(answer, "lose-irq N: "));
	assert_non_null(strstr(answer, "\nstats: "));
	assert_int_equal(run(rig, "ones=0", answer), 0);
	assert_int_equal(rig_read(rig, PDDGPU_REG_ID), ~0U);
}

static void clear_takes_back_everything(void **state)
{
	struct rig *rig = *state;
	char answer[ANSWER_SIZE];

	commands(state);
	rig_write(rig, PDDGPU_REG_INJECT_STORM_IRQ, 60000);
	assert_int_equal(run(rig, "clear", answer), 0);
	assert_string_equal(answer, "ok\n");
	assert_int_equal(rig_read(rig, PDDGPU_REG_ID), PDDGPU_ID_MAGIC);
	assert_false(inject_armed(&rig->card->inject, ~0U));
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_STORM_IRQ), 0);
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_FORGET), 0);
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_STUCK_RESET), 0);
	assert_int_equal(rig_fence(rig, COPY), 0);
}

static void bad_commands(void **state)
{
	static const char *const bad[] = {
		"", " ", "no", "hang", "hang ", "hang fast", "hang copyx", "hangcopy", "lose-irq",
		"lose-irq x", "lose-irq -1", "lose-irq 1x", "lose-irq 4294967296", "stats now",
		"lose-irq  1", "help=1", "clear x", "forget 1", "fault-wptr 1", "storm-irq -1",
		"fence", "fence 1", "fence stuck:", "fence stuck:x", "fence stuc",
		"fence stuck:1:2",
		"fence stuck:16777216", "fence :1", "faults 65536", "faults x", "dma-error",
		"dma-error 0x", "slow 1ms", "ecc", "ecc x", "ecc 0x1000000", "ecc -1",
		"ecc 0x10000000000000000", "ones", "ones off", "vanish", "vanish x",
		"stuck-reset", "stuck-reset both",
	};
	struct rig *rig = *state;
	char answer[ANSWER_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(run(rig, bad[i], answer), -EINVAL);
		assert_memory_equal(answer, "error: ", 7);
	}
	assert_false(inject_armed(&rig->card->inject, ~0U));
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_STORM_IRQ), 0);
	assert_int_equal(rig_num_faults(rig), 0);
}

static void statistics(void **state)
{
	struct rig *rig = *state;
	char answer[ANSWER_SIZE];

	rig_fence(rig, COMPUTE);
	assert_int_equal(run(rig, "stats", answer), 0);
	assert_non_null(strstr(answer, "copy jobs 0\n"));
	assert_non_null(strstr(answer, "compute jobs 1\n"));
	assert_non_null(strstr(answer, "compute walk-reads 0\n"));
}

/* --- The socket --------------------------------------------------------- */

static void socket_path(char path[static 64])
{
	snprintf(path, 64, "/tmp/pddgpu-test-control.%d", getpid());
}

static int connect_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	strcpy(addr.sun_path, path);
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	close(fd);
	return -1;
}

/* Reads until the answer ends with "ok" or holds an error; "" if it hangs up. */
static void read_answer(int fd, char answer[static ANSWER_SIZE])
{
	size_t used = 0;

	answer[0] = '\0';
	while (!strstr(answer, "ok\n") && !strstr(answer, "error: ")) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
		ssize_t got;

		assert_int_equal(poll(&poll_fd, 1, RIG_TIMEOUT_MS), 1);
		got = read(fd, answer + used, ANSWER_SIZE - 1 - used);
		if (got <= 0)
			return;
		used += (size_t)got;
		answer[used] = '\0';
	}
}

static void ask(int fd, const char *text, char answer[static ANSWER_SIZE])
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	read_answer(fd, answer);
}

static void a_session_on_the_socket(void **state)
{
	struct rig *rig = *state;
	struct control *control;
	char path[64], answer[ANSWER_SIZE];
	int quit = eventfd(0, EFD_NONBLOCK), fd;
	eventfd_t count;

	socket_path(path);
	control = control_start(rig->card, path, quit);
	assert_non_null(control);
	fd = connect_to(path);
	ask(fd, "lose-irq 3\n", answer);
	assert_string_equal(answer, "ok\n");
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_LOSE_IRQ), 3);
	/* A line in two pieces, two lines in one. */
	assert_int_equal(write(fd, "lose-", 5), 5);
	ask(fd, "irq 1\nbogus\n", answer);
	if (!strstr(answer, "error: "))
		read_answer(fd, answer);
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_LOSE_IRQ), 1);
	close(fd);
	fd = connect_to(path);
	assert_int_equal(eventfd_read(quit, &count), -1);
	ask(fd, "quit\n", answer);
	assert_string_equal(answer, "ok\n");
	assert_int_equal(eventfd_read(quit, &count), 0);
	close(fd);
	control_stop(control);
	assert_int_equal(access(path, F_OK), -1);
	close(quit);
}

static void an_endless_line_is_cut_off(void **state)
{
	struct rig *rig = *state;
	struct control *control;
	char path[64], answer[ANSWER_SIZE], text[512];
	int fd;

	hush();
	socket_path(path);
	control = control_start(rig->card, path, -1);
	assert_non_null(control);
	fd = connect_to(path);
	memset(text, 'x', sizeof(text));
	assert_int_equal(send(fd, text, sizeof(text), MSG_NOSIGNAL), sizeof(text));
	read_answer(fd, answer);
	assert_string_equal(answer, "");
	close(fd);
	fd = connect_to(path);
	ask(fd, "help\n", answer);
	assert_non_null(strstr(answer, "ok\n"));
	close(fd);
	control_stop(control);
	unhush();
}

static void stopping_with_a_client_connected(void **state)
{
	struct rig *rig = *state;
	struct control *control;
	char path[64];
	int fd;

	socket_path(path);
	control = control_start(rig->card, path, -1);
	fd = connect_to(path);
	assert_int_equal(write(fd, "sta", 3), 3);
	control_stop(control);
	close(fd);
}

/* --- Listening ---------------------------------------------------------- */

static void paths(void **state)
{
	char path[64], longer[300];
	int fd;
	FILE *file;

	(void)state;
	hush();
	socket_path(path);
	fd = listen_unix(path);
	assert_true(fd >= 0);
	assert_int_equal(listen_unix(path), -EADDRINUSE);
	close(fd);
	/* Now it is dead, and may be replaced. */
	assert_int_equal(access(path, F_OK), 0);
	fd = listen_unix(path);
	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(listen_unix(path), -EEXIST);
	unlink(path);
	assert_int_equal(listen_unix("/nonexistent/socket"), -ENOENT);
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(listen_unix(longer), -ENAMETOOLONG);
	longer[107] = '\0';
	assert_int_equal(listen_unix(longer), -ENAMETOOLONG);
	unhush();
}

/* --- The command line --------------------------------------------------- */

#define MAX_ARGS 30

static int parse(struct options *options, const char *line)
{
	static char copy[512];
	char *argv[MAX_ARGS + 1] = { "pddgpu-emu" };
	int argc = 1, ret;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, " "); word && argc < MAX_ARGS; word = strtok(NULL, " "))
		argv[argc++] = word;
	hush();
	ret = options_parse(options, argc, argv);
	unhush();
	return ret;
}

static void defaults(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, "--socket s"), 0);
	assert_string_equal(o.socket, "s");
	assert_int_equal(o.card.vram_size, 1024 * MIB);
	assert_int_equal(o.card.aperture_size, 256 * MIB);
	assert_int_equal(o.card.dma_bits, 40);
	for (unsigned int h = 0; h < PDDGPU_NUM_ONCHIP; h++)
		assert_int_equal(o.card.onchip_pages[h], 16);
	assert_false(o.keep || o.log || o.help || o.control || o.num_faults);
	assert_int_equal(parse(&o, "--socket s --vram 64M"), 0);
	assert_int_equal(o.card.aperture_size, 64 * MIB);
}

static void all_options(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, "--socket s --vram 2G --aperture 1048576K --dma-bits 32 "
			       "--gds 32K --gws 0 --oa 65535 "
			       "--control c --fault hang=copy --fault lose-irq=2 --keep --log"), 0);
	assert_int_equal(o.card.vram_size, 2048 * MIB);
	assert_int_equal(o.card.aperture_size, 1024 * MIB);
	assert_int_equal(o.card.dma_bits, 32);
	assert_int_equal(o.card.onchip_pages[PDDGPU_ONCHIP_GDS], 8);
	assert_int_equal(o.card.onchip_pages[PDDGPU_ONCHIP_GWS], 0);
	assert_int_equal(o.card.onchip_pages[PDDGPU_ONCHIP_OA], 65535);
	assert_string_equal(o.control, "c");
	assert_int_equal(o.num_faults, 2);
	assert_string_equal(o.faults[1], "lose-irq=2");
	assert_true(o.keep && o.log);
	assert_int_equal(parse(&o, "--help"), 0);
	assert_true(o.help);
}

static void bad_options(void **state)
{
	static const char *const bad[] = {
		"", "--vram 1G", "--socket", "--socket s extra", "--socket s --what",
		"--socket s --vram 0", "--socket s --vram 3M", "--socket s --vram 2M",
		"--socket s --vram 128G", "--socket s --vram -1G", "--socket s --vram 1T",
		"--socket s --vram 1GG", "--socket s --vram G", "--socket s --vram 1.5G",
		"--socket s --vram 99999999999999999999", "--socket s --vram 17179869185G",
		"--socket s --aperture 0", "--socket s --aperture 512K", "--socket s --aperture 2G",
		"--socket s --vram 64M --aperture 128M", "--socket s --aperture 3M",
		"--socket s --dma-bits 31", "--socket s --dma-bits 53", "--socket s --dma-bits x",
		"--socket s --dma-bits 40x", "--socket s --gds 6K", "--socket s --gds 256M",
		"--socket s --gws 65536", "--socket s --gws 1K", "--socket s --oa x",
	};
	struct options o;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse(&o, bad[i]), -EINVAL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(commands),
		TEST(clear_takes_back_everything),
		TEST(bad_commands),
		TEST(statistics),
		TEST(a_session_on_the_socket),
		TEST(an_endless_line_is_cut_off),
		TEST(stopping_with_a_client_connected),
		cmocka_unit_test(paths),
		cmocka_unit_test(defaults),
		cmocka_unit_test(all_options),
		cmocka_unit_test(bad_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
