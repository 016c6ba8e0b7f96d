// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/fault-inject.h>

#include "pddgpu_inject.h"

/**
 * DOC: fault injection
 *
 * A kernel with CONFIG_FAULT_INJECTION_DEBUG_FS can have the driver fail where
 * failing allocations alone do not get it.  Each of these directories, beside the
 * driver's other files in debugfs, holds the settings that
 * Documentation/fault-injection/fault-injection.rst describes, shared by all cards:
 *
 * fail_pool_alloc
 *     The pool gets no chunk of pages from the system.
 * fail_pool_caching
 *     Caching attributes of pages cannot be changed, or cannot be put back.
 * fail_pool_map
 *     A chunk cannot be mapped for DMA.
 * fail_vram
 *     VRAM is full, as far as one request is concerned.
 * fail_gtt
 *     The GTT budget is used up, as far as one request is concerned.
 *
 * /proc/<pid>/fail-nth counts all of them, as it does allocations.
 */

static struct pddgpu_inject_attr {
	const char *name;
	struct fault_attr attr;
} pddgpu_inject_attrs[PDDGPU_INJECT_NUM] = {
	[PDDGPU_INJECT_POOL_ALLOC] = { "fail_pool_alloc", FAULT_ATTR_INITIALIZER },
	[PDDGPU_INJECT_POOL_CACHING] = { "fail_pool_caching", FAULT_ATTR_INITIALIZER },
	[PDDGPU_INJECT_POOL_MAP] = { "fail_pool_map", FAULT_ATTR_INITIALIZER },
	[PDDGPU_INJECT_VRAM] = { "fail_vram", FAULT_ATTR_INITIALIZER },
	[PDDGPU_INJECT_GTT] = { "fail_gtt", FAULT_ATTR_INITIALIZER },
};

bool pddgpu_inject(enum pddgpu_inject_point point)
{
	return should_fail(&pddgpu_inject_attrs[point].attr, 1);
}

void pddgpu_inject_debugfs_init(struct dentry *root)
{
	struct pddgpu_inject_attr *a;

	for (a = pddgpu_inject_attrs; a < pddgpu_inject_attrs + PDDGPU_INJECT_NUM; a++)
		fault_create_debugfs_attr(a->name, root, &a->attr);
}
