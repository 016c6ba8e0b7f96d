// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What tools/pddgpu-memmap draws of a dump that is known, and of the card. */
#include "test.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../tools/memmap_png.h"

#define DUMP	"/tmp/memmap-dump"
#define PICTURE	"/tmp/memmap.png"

/* --- A dump that is known ------------------------------------------------ */

/* 64 MiB, so that a cell is 4 KiB and a square of cells 16 MiB */
static const char vram_map[] =
	"format: 1\n"
	"heap: vram\n"
	"start: 0\n"
	"end: 67108864\n"
	"visible: 33554432\n"
	"used: 25165824\n"
	"what_is_to_come: 1\n"
	"0x0 0x400000 used - movable 1048592\n"
	"0x400000 0x400000 free clear - -\n"
	"0x800000 0x800000 used - pinned kernel\n"
	"0x1000000 0x1000000 free dirty - -\n"
	"0x2000000 0x1000000 used - movable 2097168\n"
	"0x3000000 0x1000000 cleaning - movable -\n";

static const char gtt_map[] =
	"format: 1\n"
	"heap: gtt\n"
	"start: 262144\n"
	"end: 1310720\n"
	"visible: 1310720\n"
	"used: 4096\n"
	"0x40000 0x1000 used - pinned kernel\n"
	"0x41000 0xff000 free - - -\n";

static const char buffers[] =
	"client 7 pid 100 (first)\n"
	"  handle 1 size=4194304 in=vram blocks=1 id=1048592\n"
	"client 9 pid 200 (second)\n"
	"  handle 1 size=16777216 in=vram-invisible blocks=1 id=2097168 purgeable\n";

static void put(const char *name, const char *text)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), DUMP "/%s", name);
	file = fopen(path, "w");
	CHECK(file && fputs(text, file) >= 0 && !fclose(file));
}

static void put_dump(void)
{
	CHECK(!mkdir(DUMP, 0700) || errno == EEXIST);
	put("vram_map", vram_map);
	put("gtt_map", gtt_map);
	put("buffers", buffers);
}

/* Runs the tool; returns what it says, and how it ends. */
static char *memmap(const char *arguments, int *status)
{
	char command[160];
	size_t room = 1 << 20, size = 0, n;
	char *text = malloc(room);
	FILE *pipe;

	CHECK(text);
	snprintf(command, sizeof(command), "pddgpu-memmap %s 2>&1", arguments);
	pipe = popen(command, "r");
	CHECK(pipe);
	while ((n = fread(text + size, 1, room - size - 1, pipe)))
		size += n;
	text[size] = 0;
	*status = WEXITSTATUS(pclose(pipe));
	return text;
}

static void memmap_says(const char *arguments, int want_status, const char *want)
{
	int status;
	char *text = memmap(arguments, &status);

	if (status != want_status || !strstr(text, want))
		FAIL("\"%s\" gives %d and says \"%s\", not %d and \"%s\"", arguments, status, text,
		     want_status, want);
	free(text);
}

/* --- PNG ----------------------------------------------------------------- */

static u32 pixel(const png_image *image, const u8 *pixels, u32 x, u32 y)
{
	const u8 *p = pixels + 3 * ((size_t)y * image->width + x);

	CHECK(x < image->width && y < image->height);
	return p[0] << 16 | p[1] << 8 | p[2];
}

/* The colour of a rectangle of cells of one square, which must have but one */
static u32 colour(const png_image *image, const u8 *pixels, enum view view, u32 tile, u32 y0, u32 x0,
		  u32 height, u32 width)
{
	u32 left = PNG_MARGIN + view * PNG_STRIDE + tile * PNG_TILE_STRIDE;
	u32 top = PNG_MARGIN + PNG_TEXT;
	u32 rgb = pixel(image, pixels, left + x0 * PNG_CELL, top + y0 * PNG_CELL);

	for (u32 y = y0 * PNG_CELL; y < (y0 + height) * PNG_CELL; y++)
		for (u32 x = x0 * PNG_CELL; x < (x0 + width) * PNG_CELL; x++)
			CHECK_EQ(pixel(image, pixels, left + x, top + y), rgb);
	return rgb;
}

/* Each area of the dump is where it must be, and has a colour of its own if it should. */
static void check_view(const png_image *image, const u8 *pixels, enum view view)
{
	const u32 half = PNG_TILE / 2;
	u32 first = colour(image, pixels, view, 0, 0, 0, half, half);
	u32 clear = colour(image, pixels, view, 0, 0, half, half, half);
	u32 kernel = colour(image, pixels, view, 0, half, 0, half, PNG_TILE);
	u32 dirty = colour(image, pixels, view, 1, 0, 0, PNG_TILE, PNG_TILE);
	u32 second = colour(image, pixels, view, 2, 0, 0, PNG_TILE, PNG_TILE);
	u32 cleaning = colour(image, pixels, view, 3, 0, 0, PNG_TILE, PNG_TILE);

	CHECK(first != clear && first != dirty && first != cleaning);
	CHECK(cleaning != clear && cleaning != kernel && cleaning != dirty);
	CHECK_EQ(first == second, view != VIEW_OWNER);
	CHECK_EQ(first == kernel, view == VIEW_ORDER);
	CHECK_EQ(clear == dirty, view != VIEW_STATE);
}

static void png(const void *arg)
{
	png_image image = { .version = PNG_IMAGE_VERSION };
	u8 *pixels;

	(void)arg;
	put_dump();
	memmap_says("--png " PICTURE " " DUMP, 0, "");
	CHECK(png_image_begin_read_from_file(&image, PICTURE));
	image.format = PNG_FORMAT_RGB;
	pixels = malloc(PNG_IMAGE_SIZE(image));
	CHECK(pixels && png_image_finish_read(&image, NULL, pixels, 0, NULL));
	CHECK_EQ(image.width, NUM_VIEWS * PNG_STRIDE);
	for (enum view view = 0; view < NUM_VIEWS; view++)
		check_view(&image, pixels, view);
	free(pixels);
}

/* --- Text ---------------------------------------------------------------- */

static unsigned int count(const char *text, const char *what)
{
	unsigned int n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static void terminal(const void *arg)
{
	char *text;
	int status;

	(void)arg;
	put_dump();
	memmap_says("--width 64 " DUMP, 0, "vram by owner: 24 MiB of 64 MiB used, 32 MiB visible, "
		    "6 blocks, a cell is 32 KiB\n");
	memmap_says("--width 64 " DUMP, 0, " first (100) 4 MiB ");
	memmap_says("--width 64 " DUMP, 0, " second (200) 16 MiB ");
	memmap_says("--width 64 --by order " DUMP, 0, " free, 4 MiB and more 20 MiB ");
	memmap_says("--width 64 --by state " DUMP, 0, " used, pinned 8 MiB ");
	memmap_says("--width 64 --by state " DUMP, 0, " free, clear 4 MiB ");
	memmap_says("--width 64 --by state " DUMP, 0, " being cleared 16 MiB ");
	memmap_says("--width 64 --by state " DUMP, 0, "gtt by state: 4 KiB of 1 MiB used");
	text = memmap("--width 64 " DUMP, &status);
	/* 32 rows of VRAM, two to a line; 256 cells of GTT */
	CHECK_EQ(count(text, "\u2580"), 64 * 16 + 64 * 2);
	/* The first line is one colour above and one below */
	CHECK(strstr(text, "m\u2580\u2580\u2580\u2580\u2580\u2580\u2580\u2580"));
	free(text);
}

/* What another process has is not ours; what we have is. */
static void card(const void *arg)
{
	char want[64];
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	CHECK_OK(pdd_bo_create(&c.dev, 12 * MIB, VRAM, 0, &bo));
	snprintf(want, sizeof(want), " pddgpu-tests (%d) 12 MiB ", getpid());
	memmap_says("--width 64", 0, want);
	memmap_says("--width 64 --by state", 0, " used, movable ");
	memmap_says("--width 64", 0, " driver ");
	memmap_says("--png " PICTURE, 0, "");
}

static void watch(const void *arg)
{
	char *text;
	int status;

	(void)arg;
	put_dump();
	text = memmap("--watch 0.2 --width 8 " DUMP " & pid=$!; sleep 3; kill $pid; wait", &status);
	CHECK(count(text, "\033[H\033[J") >= 2);
	CHECK(count(text, "vram by owner") >= 2);
	free(text);
}

static void mistakes(const void *arg)
{
	(void)arg;
	put_dump();
	memmap_says("/nowhere", 1, "cannot read /nowhere/vram_map");
	memmap_says("/nowhere", 1, "mount -t debugfs");
	memmap_says("--by size " DUMP, 2, "--by takes owner, order or state");
	memmap_says("--watch soon " DUMP, 2, "--watch takes seconds");
	memmap_says("--width 0 " DUMP, 2, "--width takes");
	memmap_says("--nonsense", 2, "usage:");
	memmap_says(DUMP " " DUMP, 2, "one folder only");
	memmap_says("--png /nowhere/a.png " DUMP, 1, "cannot write /nowhere/a.png");
	put("vram_map", "format: 2\nheap: vram\n");
	memmap_says(DUMP, 1, "format 2");
	put("vram_map", "format: 1\nheap: vram\nstart: 0\nend: 8192\n0x0 0x1000 free clear - -\n");
	memmap_says(DUMP, 1, "was it saved as a whole?");
	put("vram_map", "format: 1\nheap: vram\nstart: 0\nend: 8192\n0x1000 0x1000 free clear - -\n");
	memmap_says(DUMP, 1, "does not follow on");
	put("vram_map", "format: 1\nheap: vram\nstart: 0\nend: 4096\n0x0 0x1000 lost - - -\n");
	memmap_says(DUMP, 1, "is no block");
	put("vram_map", "");
	memmap_says(DUMP, 1, "was it saved as a whole?");
}

static const struct test tests[] = {
	{ .name = "memmap.png", .run = png },
	{ .name = "memmap.terminal", .run = terminal },
	{ .name = "memmap.card", .run = card },
	{ .name = "memmap.watch", .run = watch },
	{ .name = "memmap.mistakes", .run = mistakes },
};

TEST_GROUP(memmap_tests, tests);
