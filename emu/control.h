/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * DOC: Control
 *
 * Lines of text that break the hardware on purpose, from the control socket and
 * the --fault option.  One table of commands serves both.
 */
#ifndef EMU_CONTROL_H
#define EMU_CONTROL_H

#include <stdbool.h>
#include <stdio.h>

struct card;
struct control;

/**
 * control_run() - Run one command
 * @card: the card
 * @line: "hang copy", "lose-irq 2", "help" and so on; '=' may stand for the space
 * @out: where the answer goes: what was asked for, then "ok" or "error: REASON"
 *
 * Return: 0; -EINVAL if the line is no command or its argument is bad.
 */
int control_run(struct card *card, const char *line, FILE *out);

/**
 * control_start() - Serve commands on a UNIX socket, in a thread
 * @card: the card; outlives the control
 * @path: where to listen
 * @quit_fd: an eventfd that the "quit" command signals; the caller keeps it
 *
 * Return: the control, for control_stop(); NULL with the reason logged.
 */
struct control *control_start(struct card *card, const char *path, int quit_fd);

/**
 * control_stop() - End the thread and remove the socket
 * @control: the control, or NULL
 */
void control_stop(struct control *control);

#endif
