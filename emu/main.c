// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "card.h"
#include "control.h"
#include "inject.h"
#include "listen.h"
#include "log.h"
#include "options.h"
#include "protocol.h"

static int apply_faults(struct card *card, const struct options *options)
{
	for (unsigned int i = 0; i < options->num_faults; i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);
		int ret = out ? control_run(card, options->faults[i], out) : -ENOMEM;

		if (out)
			fclose(out);
		if (ret)
			log_error("--fault %s: %.*s", options->faults[i],
				  text ? (int)strcspn(text, "\n") : 0, text ? text : "");
		free(text);
		if (ret)
			return ret;
	}
	return 0;
}

/* A client's socket, or -1 if the server shall stop. */
static int accept_client(int listen_fd, int stop_fd)
{
	struct pollfd fds[] = {
		{ .fd = stop_fd, .events = POLLIN },
		{ .fd = listen_fd, .events = POLLIN },
	};
	int fd;

	for (;;) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
			continue;
		if (fds[0].revents)
			return -1;
		fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			return fd;
	}
}

static void serve(struct card *card, const struct options *options, int listen_fd, int stop_fd)
{
	enum protocol_end end;
	int fd;

	do {
		log_info("waiting for a client at %s", options->socket);
		fd = accept_client(listen_fd, stop_fd);
		if (fd < 0)
			return;
		log_info("client connected");
		inject_set_client(fd);
		end = protocol_serve(card, fd, stop_fd);
		inject_set_client(-1);
		close(fd);
		log_info("client gone");
	} while (options->keep && end == PROTOCOL_END_CLIENT);
}

static int run(struct card *card, const struct options *options, int stop_fd)
{
	struct control *control = NULL;
	int listen_fd, ret = EXIT_FAILURE;

	if (apply_faults(card, options))
		return EXIT_FAILURE;
	if (options->control) {
		control = control_start(card, options->control, stop_fd);
		if (!control)
			return EXIT_FAILURE;
	}
	listen_fd = listen_unix(options->socket);
	if (listen_fd >= 0) {
		serve(card, options, listen_fd, stop_fd);
		close(listen_fd);
		unlink(options->socket);
		ret = EXIT_SUCCESS;
	}
	control_stop(control);
	return ret;
}

/* Turns the signals that end a server into the eventfd that "quit" uses, too. */
static void *wait_for_signal(void *arg)
{
	const int *stop_fd = arg;
	sigset_t signals;
	int number;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigwait(&signals, &number);
	eventfd_write(*stop_fd, 1);
	return NULL;
}

static int block_signals(int *stop_fd)
{
	pthread_t thread;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (pthread_create(&thread, NULL, wait_for_signal, stop_fd))
		return -EAGAIN;
	pthread_detach(thread);
	return 0;
}

int main(int argc, char **argv)
{
	static int stop_fd;
	struct options options;
	struct card *card;
	int ret;

	if (options_parse(&options, argc, argv))
		return EXIT_FAILURE;
	if (options.help) {
		options_usage();
		return EXIT_SUCCESS;
	}
	log_set_verbose(options.log);
	stop_fd = eventfd(0, EFD_CLOEXEC);
	if (stop_fd < 0 || block_signals(&stop_fd)) {
		log_error("no eventfd or no thread");
		return EXIT_FAILURE;
	}
	card = card_create(&options.card);
	if (!card)
		return EXIT_FAILURE;
	ret = run(card, &options, stop_fd);
	card_destroy(card);
	return ret;
}
