/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef EMU_LISTEN_H
#define EMU_LISTEN_H

/**
 * listen_unix() - Make a listening UNIX socket
 * @path: where; a dead socket there is replaced, a live one is an error
 *
 * The path appears only when a client can connect to it.
 *
 * Return: the socket, close-on-exec; a negative errno with the reason logged.
 */
int listen_unix(const char *path);

#endif
