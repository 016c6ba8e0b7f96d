/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef EMU_OPTIONS_H
#define EMU_OPTIONS_H

#include <stdbool.h>

#include "card.h"

#define OPTIONS_MAX_FAULTS	16

/**
 * struct options - the command line
 * @card: what to build
 * @socket: where the VMM connects
 * @control: where the control socket is, NULL for none
 * @faults: control commands to run at power-on
 * @num_faults: how many
 * @keep: wait for the next VMM when one goes away
 * @log: print what the card does
 * @help: print the usage and end
 */
struct options {
	struct card_options card;
	const char *socket;
	const char *control;
	const char *faults[OPTIONS_MAX_FAULTS];
	unsigned int num_faults;
	bool keep;
	bool log;
	bool help;
};

/**
 * options_parse() - Read the command line
 * @options: to fill in, defaults first
 * @argc: as in main()
 * @argv: as in main(); the options point into it
 *
 * Return: 0; -EINVAL with the reason logged.
 */
int options_parse(struct options *options, int argc, char **argv);

/**
 * options_usage() - Print what options there are, on stdout
 */
void options_usage(void);

#endif
