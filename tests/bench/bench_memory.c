// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/err.h>
#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/shmem_fs.h>
#include <linux/sizes.h>
#include <linux/vmstat.h>

#include "bench_memory.h"

/* What the fragmenter leaves free in large pieces: the system begins to reclaim below 100 MiB */
#define MEMORY_RESERVE		((SZ_128M + SZ_32M) >> PAGE_SHIFT)

static unsigned long memory_free(void)
{
	return global_zone_page_state(NR_FREE_PAGES);
}

/* Returns the number of pages, or an error */
static long memory_fill(struct file *file)
{
	struct page *page;
	long i;

	for (i = 0; memory_free() > MEMORY_RESERVE; i++) {
		page = shmem_read_mapping_page_gfp(file->f_mapping, i, GFP_HIGHUSER_MOVABLE);
		if (IS_ERR(page))
			return PTR_ERR(page);
		put_page(page);
		cond_resched();
	}

	return i;
}

static int memory_punch(struct file *file, long num_pages)
{
	long i;
	int err;

	for (i = 0; i < num_pages; i += 2) {
		err = vfs_fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				    (loff_t)i << PAGE_SHIFT, PAGE_SIZE);
		if (err)
			return err;
		cond_resched();
	}

	return 0;
}

struct file *bench_memory_fragment(void)
{
	struct file *file;
	long num_pages;
	int err;

	file = shmem_file_setup("bench", (loff_t)totalram_pages() << PAGE_SHIFT, VM_NORESERVE);
	if (IS_ERR(file))
		return file;

	num_pages = memory_fill(file);
	err = num_pages < 0 ? num_pages : memory_punch(file, num_pages);
	if (err) {
		fput(file);
		return ERR_PTR(err);
	}

	return file;
}

int bench_memory_reclaim(void)
{
	static const char slab[] = "2";
	struct file *file;
	ssize_t written;
	loff_t pos = 0;

	file = filp_open("/proc/sys/vm/drop_caches", O_WRONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);

	written = kernel_write(file, slab, sizeof(slab) - 1, &pos);
	fput(file);
	return written < 0 ? written : 0;
}
