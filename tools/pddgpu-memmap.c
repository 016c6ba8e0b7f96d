// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Draws who has what of VRAM and of the GTT aperture. */
#include <getopt.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "memmap_heap.h"
#include "memmap_picture.h"
#include "memmap_png.h"
#include "memmap_text.h"

#define NUM_HEAPS	2
#define COLUMNS		64 /* if there is no terminal to ask */
#define ROWS		16 /* of VRAM; GTT has a quarter */

static const char usage[] =
	"usage: pddgpu-memmap [options] [FOLDER]\n"
	"\n"
	"Draws who has what of VRAM and of the GTT aperture, by address.  FOLDER is the\n"
	"card's in debugfs, or one with copies of its files vram_map, gtt_map and buffers;\n"
	"without it, the only card of this machine is shown.\n"
	"\n"
	"  --png FILE        write a picture of all three views instead\n"
	"  --by VIEW         colours are by owner (that is the default), order or state\n"
	"  --watch SECONDS   draw again and again, until Ctrl-C\n"
	"  --width COLUMNS   cells in a line (as the terminal, or 64)\n"
	"  --help            print this\n"
	"\n"
	"A cell is a power of two of at least 4 KiB; the title says of how many.  What has\n"
	"most of a cell in one piece gives it its colour.\n";

struct options {
	const char *folder;
	const char *png;
	enum view view;
	double watch;
	u32 columns;
};

struct card {
	struct heap heaps[NUM_HEAPS];
	struct owners owners;
};

/* --- Options ------------------------------------------------------------- */

static u32 terminal_columns(void)
{
	struct winsize size;

	return !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : COLUMNS;
}

static bool parse_view(const char *name, enum view *view)
{
	for (*view = 0; *view < NUM_VIEWS; (*view)++)
		if (!strcmp(name, view_name(*view)))
			return true;
	return false;
}

static bool parse_number(const char *text, double min, double max, double *number)
{
	char *end;

	*number = strtod(text, &end);
	return end != text && !*end && *number >= min && *number <= max;
}

static void refuse(const char *what, const char *value)
{
	fprintf(stderr, "pddgpu-memmap: %s, not \"%s\"; see --help\n", what, value);
	exit(2);
}

static void parse_options(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "png", required_argument, NULL, 'p' },
		{ "by", required_argument, NULL, 'b' },
		{ "watch", required_argument, NULL, 'w' },
		{ "width", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	double number;
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case 'p':
			o->png = optarg;
			break;
		case 'b':
			if (!parse_view(optarg, &o->view))
				refuse("--by takes owner, order or state", optarg);
			break;
		case 'w':
			if (!parse_number(optarg, 0.1, 86400, &o->watch))
				refuse("--watch takes seconds from 0.1 on", optarg);
			break;
		case 'c':
			if (!parse_number(optarg, 1, 4096, &number))
				refuse("--width takes 1 to 4096 columns", optarg);
			o->columns = number;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
	if (optind + 1 < argc)
		refuse("there can be one folder only", argv[optind + 1]);
	o->folder = argv[optind];
}

/* --- The card ------------------------------------------------------------ */

/* In debugfs each card has a folder by its PCI address, and links to it besides. */
static char *find_folder(void)
{
	glob_t found;
	char *folder;

	if (glob("/sys/kernel/debug/dri/*:*/vram_map", 0, NULL, &found)) {
		fprintf(stderr, "pddgpu-memmap: there is no /sys/kernel/debug/dri/*/vram_map.\n"
			"Only root can look there; debugfs must be mounted (mount -t debugfs none "
			"/sys/kernel/debug) and the driver loaded (modprobe pddgpu).\n");
		exit(1);
	}
	if (found.gl_pathc > 1) {
		fprintf(stderr, "pddgpu-memmap: there are %zu cards; name one of their folders:\n",
			found.gl_pathc);
		for (size_t i = 0; i < found.gl_pathc; i++)
			fprintf(stderr, "  %.*s\n",
				(int)(strrchr(found.gl_pathv[i], '/') - found.gl_pathv[i]),
				found.gl_pathv[i]);
		exit(1);
	}

	folder = strdup(found.gl_pathv[0]);
	if (!folder)
		abort();
	*strrchr(folder, '/') = 0;
	globfree(&found);
	return folder;
}

/* A buffer that comes or goes between two files is shown as nobody's. */
static bool card_read(struct card *card, const char *folder)
{
	static const char *const names[NUM_HEAPS] = { "vram_map", "gtt_map" };
	char path[PATH_MAX];

	*card = (struct card) {};
	for (int i = 0; i < NUM_HEAPS; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		if (!heap_read(&card->heaps[i], path))
			return false;
	}
	snprintf(path, sizeof(path), "%s/buffers", folder);
	return owners_read(&card->owners, path);
}

static void card_free(struct card *card)
{
	for (int i = 0; i < NUM_HEAPS; i++)
		heap_free(&card->heaps[i]);
	owners_free(&card->owners);
}

static bool card_draw(const struct card *card, const struct options *o)
{
	if (o->png)
		return png_draw(o->png, card->heaps, NUM_HEAPS, &card->owners);

	if (o->watch)
		fputs("\033[H\033[J", stdout);
	for (int i = 0; i < NUM_HEAPS; i++)
		text_draw(&card->heaps[i], &card->owners, o->view,
			  o->columns ? o->columns : terminal_columns(), i ? ROWS / 4 : ROWS);
	return fflush(stdout) == 0;
}

static bool show(const char *folder, const struct options *o)
{
	struct card card;
	bool ok = card_read(&card, folder) && card_draw(&card, o);

	card_free(&card);
	return ok;
}

int main(int argc, char **argv)
{
	struct options o = {};
	char *found = NULL;
	bool ok;

	parse_options(&o, argc, argv);
	if (!o.folder)
		o.folder = found = find_folder();

	while ((ok = show(o.folder, &o)) && o.watch)
		usleep(o.watch * 1000000);
	free(found);
	return ok ? 0 : 1;
}
