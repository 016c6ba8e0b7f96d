// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "demo_report.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BAR_WIDTH	50

void report_section(const char *title)
{
	printf("\n== %s ", title);
	for (size_t n = strlen(title); n < 66; n++)
		putchar('=');
	putchar('\n');
	fflush(stdout);
}

static u64 mib(u64 bytes)
{
	return bytes / MIB;
}

void report_card(const struct pdd_dev *dev)
{
	const struct drm_pddgpu_info_device *i = &dev->info;

	printf("  pddgpu at %s, renderD%u, hardware %u.%u\n", dev->pci, dev->minor,
	       i->hw_version >> 16, i->hw_version & 0xffff);
	printf("  VRAM        %6llu MiB, of which the CPU sees %llu MiB\n", mib(i->vram_size),
	       mib(i->vram_visible));
	printf("  GTT         %6llu MiB at most\n", mib(i->gtt_size));
	printf("  engines     %6u     copy, compute\n", i->num_engines);
	printf("  addresses   %#llx .. %#llx, pages of %u KiB and %u KiB\n", i->va_start,
	       i->va_end, i->page_size / 1024, i->large_page_size / 1024);
}

static void bar(const char *name, u64 used, u64 size)
{
	unsigned int full = size ? (used * BAR_WIDTH + size / 2) / size : 0;

	printf("  %-15s [", name);
	for (unsigned int i = 0; i < BAR_WIDTH; i++)
		putchar(i < full ? '#' : '.');
	printf("] %5llu of %llu MiB\n", mib(used), mib(size));
}

void report_occupancy(const struct pdd_dev *dev, const struct drm_pddgpu_info_memory *mem)
{
	const struct drm_pddgpu_info_device *i = &dev->info;

	bar("visible VRAM", mem->vram_visible_used, i->vram_visible);
	bar("invisible VRAM", mem->vram_used - mem->vram_visible_used,
	    i->vram_size - i->vram_visible);
	bar("GTT", mem->gtt_used, i->gtt_size);
}

void report_moves(const struct drm_pddgpu_info_memory *before,
		  const struct drm_pddgpu_info_memory *after)
{
	printf("  moved: %llu MiB into VRAM, %llu MiB out to GTT; %llu evictions; "
	       "%llu MiB cleared\n", mib(after->moved_to_vram - before->moved_to_vram),
	       mib(after->moved_to_gtt - before->moved_to_gtt),
	       after->evictions - before->evictions, mib(after->cleared - before->cleared));
}

static u64 mb_per_second(u64 bytes, u64 ns)
{
	return ns ? bytes * 1000 / ns : 0;
}

void report_rate(const char *what, u64 bytes, u64 ns)
{
	printf("  %-44s %6llu MiB %8.1f ms %7llu MB/s\n", what, mib(bytes), ns / 1e6,
	       mb_per_second(bytes, ns));
	fflush(stdout);
}

void report_tlb_header(void)
{
	printf("  %-17s %11s %11s %11s %11s %10s\n", "", "TLB hits", "4K misses", "2M misses",
	       "walk reads", "MB/s");
}

void report_tlb(const char *what, const struct drm_pddgpu_info_engine *before,
		const struct drm_pddgpu_info_engine *after, u64 ns, u64 bytes)
{
	printf("  %-17s %11llu %11llu %11llu %11llu %10llu\n", what,
	       after->tlb_hits - before->tlb_hits, after->tlb_misses_4k - before->tlb_misses_4k,
	       after->tlb_misses_2m - before->tlb_misses_2m,
	       after->walk_reads - before->walk_reads, mb_per_second(bytes, ns));
}

/* What everybody knows, or says only that nothing is there. */
static bool is_dull(const char *line)
{
	static const char *const dull[] = { "use_type:", "use_tt:", ": 0\n", "clean 0 out 0\n" };

	for (size_t i = 0; i < ARRAY_SIZE(dull); i++)
		if (strstr(line, dull[i]))
			return true;
	return *line == '\n';
}

/* A dump without its dull lines, and no more than @max of the others. */
static void dump(const struct pdd_dev *dev, const char *file, unsigned int max)
{
	unsigned int lines = 0;
	char path[128], *text;

	text = pdd_debugfs(dev, file, path, sizeof(path)) ? NULL : read_text(path);
	if (!text) {
		printf("  %s: cannot be read: %s\n", file, strerror(errno));
		return;
	}
	printf("  %s\n", path);
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		char next = end[1];

		end[1] = 0;
		if (!is_dull(line) && lines++ < max)
			printf("    | %s", line + strspn(line, " "));
		end[1] = next;
	}
	if (lines > max)
		printf("    | (and %u more lines)\n", lines - max);
	free(text);
}

void report_debugfs(const struct pdd_dev *dev)
{
	dump(dev, "vram", 16);
	dump(dev, "gtt", 8);
	dump(dev, "pool", 16);
	dump(dev, "buffers", 6);
	fflush(stdout);
}
