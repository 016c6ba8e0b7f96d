// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/bitfield.h>
#include <linux/debugfs.h>
#include <linux/dma-resv.h>
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_print.h>
#include <drm/ttm/ttm_bo.h>

#include "include/uapi/drm/pddgpu_drm.h"
#include "pddgpu_bo.h"
#include "pddgpu_debugfs.h"
#include "pddgpu_device.h"
#include "pddgpu_gem.h"
#include "pddgpu_inject.h"
#include "pddgpu_map.h"
#include "pddgpu_peek.h"

/**
 * DOC: debugfs
 *
 * Below dri/<PCI address>/, for root:
 *
 * vram, gtt
 *     What the manager has handed out, and what is free in which pieces.
 * gds, gws, oa
 *     The same of each on-chip heap that the card has, size and pieces in pages.
 * vram_map, gtt_map
 *     Each block of VRAM and of the GTT aperture: where it is, whose, in what state.
 * pool
 *     Free system pages by caching mode and order, and how often they helped.
 * buffers
 *     Each open file with its buffers: ids, sizes, flags, where they are now.
 * rings
 *     Both engines and their fences, and the last fault that the card reported.
 * vram_raw
 *     All of VRAM, byte by byte.  Read it with dd and skip=, seek works.
 * bo
 *     The contents of one buffer.  Write the client's number and the handle, both
 *     as "buffers" shows them, then read from the same open file::
 *
 *       exec 3<>bo; echo 7 1 >&3; cat <&3 >dump; exec 3>&-
 *
 * Dumps go through the copy engine where the CPU does not reach, and move nothing.
 */

/* --- Text -------------------------------------------------------------- */

static int pddgpu_debugfs_pool_show(struct seq_file *m, void *unused)
{
	struct pddgpu_device *pdev = m->private;
	struct drm_printer p = drm_seq_file_printer(m);

	pddgpu_pool_print(&pdev->pool, &p);

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pddgpu_debugfs_pool);

static int pddgpu_debugfs_rings_show(struct seq_file *m, void *unused)
{
	struct pddgpu_device *pdev = m->private;
	struct drm_printer p = drm_seq_file_printer(m);
	/* The interrupt thread may be at it: a torn line does no harm here. */
	struct pddgpu_fault_record last = data_race(pdev->faults.last);
	unsigned int i;

	for (i = 0; i < PDDGPU_NUM_ENGINES; i++)
		pddgpu_ring_print(&pdev->rings[i], &p);

	drm_printf(&p, "wedged: %s\n", READ_ONCE(pdev->wedged) ? "yes" : "no");
	drm_printf(&p, "faults: %llu\n", READ_ONCE(pdev->faults.count));
	if (last.info)
		drm_printf(&p, "last fault: %s, engine %lu, vmid %lu, address 0x%llx, fence %llu\n",
			   pddgpu_error_name(FIELD_GET(PDDGPU_FAULT_ERROR, last.info)),
			   FIELD_GET(PDDGPU_FAULT_ENGINE, last.info),
			   FIELD_GET(PDDGPU_FAULT_VMID, last.info), last.address, last.fence);

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pddgpu_debugfs_rings);

static void pddgpu_debugfs_print_client(struct drm_printer *p, struct drm_file *file)
{
	struct task_struct *task;
	struct pid *pid;

	rcu_read_lock(); /* for file->pid and the task's name */
	pid = rcu_dereference(file->pid);
	task = pid_task(pid, PIDTYPE_TGID);
	drm_printf(p, "client %llu pid %d (%s)\n", file->client_id, pid_nr(pid),
		   task ? task->comm : "gone");
	rcu_read_unlock();
}

static int pddgpu_debugfs_print_bos(struct drm_printer *p, struct drm_file *file)
{
	struct pddgpu_bo *bo;
	int handle, ret = 0;

	for (handle = 0; !ret && (bo = pddgpu_gem_next(file, &handle)); handle++) {
		struct drm_gem_object *gem = &bo->tbo.base;

		ret = dma_resv_lock_interruptible(gem->resv, NULL);
		if (!ret) {
			drm_printf(p, "  handle %d ", handle);
			gem->funcs->print_info(p, 0, gem);
			dma_resv_unlock(gem->resv);
		}
		drm_gem_object_put(gem);
	}

	return ret;
}

static int pddgpu_debugfs_clients_show(struct seq_file *m, void *unused)
{
	struct pddgpu_device *pdev = m->private;
	struct drm_printer p = drm_seq_file_printer(m);
	struct drm_file *file;
	int ret;

	ret = mutex_lock_interruptible(&pdev->drm.filelist_mutex);
	if (ret)
		return ret;

	/* The list is sorted youngest first. */
	list_for_each_entry_reverse(file, &pdev->drm.filelist, lhead) {
		pddgpu_debugfs_print_client(&p, file);
		ret = pddgpu_debugfs_print_bos(&p, file);
		if (ret)
			break;
	}
	mutex_unlock(&pdev->drm.filelist_mutex);

	return ret;
}
DEFINE_SHOW_ATTRIBUTE(pddgpu_debugfs_clients);

/* --- Maps -------------------------------------------------------------- */

static int pddgpu_vram_map_open(struct inode *inode, struct file *file)
{
	return pddgpu_map_open(file, inode->i_private, pddgpu_vram_mgr_map);
}

static const struct file_operations pddgpu_vram_map_fops = {
	.owner = THIS_MODULE,
	.open = pddgpu_vram_map_open,
	.release = pddgpu_map_release,
	.read = seq_read,
	.llseek = seq_lseek,
};

static int pddgpu_gtt_map_open(struct inode *inode, struct file *file)
{
	return pddgpu_map_open(file, inode->i_private, pddgpu_gtt_mgr_map);
}

static const struct file_operations pddgpu_gtt_map_fops = {
	.owner = THIS_MODULE,
	.open = pddgpu_gtt_map_open,
	.release = pddgpu_map_release,
	.read = seq_read,
	.llseek = seq_lseek,
};

/* --- Memory ------------------------------------------------------------ */

/* What a read gets at once; it is up to the reader to come back for more. */
#define PDDGPU_DUMP_MAX		SZ_1M

/* Of a buffer, or of VRAM if that is NULL.  The device is entered. */
static ssize_t pddgpu_dump_read_entered(struct pddgpu_device *pdev, struct pddgpu_bo *bo,
					char __user *buf, size_t count, u64 pos)
{
	struct pddgpu_peek peek;
	int ret;

	ret = pddgpu_peek_init(&peek, pdev, count);
	if (ret)
		return ret;

	ret = bo ? pddgpu_peek_bo(&peek, bo, pos, count) : pddgpu_peek_card(&peek, 0, pos, count);
	if (!ret && copy_to_user(buf, peek.cpu, count))
		ret = -EFAULT;
	pddgpu_peek_fini(&peek);

	return ret ? ret : count;
}

static ssize_t pddgpu_dump_read(struct pddgpu_device *pdev, struct pddgpu_bo *bo,
				char __user *buf, size_t count, loff_t *ppos)
{
	u64 size = bo ? bo->tbo.base.size : pdev->vram.size;
	ssize_t ret;
	int idx;

	if (*ppos < 0)
		return -EINVAL;
	if (*ppos >= size || !count)
		return 0;
	if (!drm_dev_enter(&pdev->drm, &idx))
		return -ENODEV;

	count = min3(count, (size_t)PDDGPU_DUMP_MAX, (size_t)(size - *ppos));
	ret = pddgpu_dump_read_entered(pdev, bo, buf, count, *ppos);
	if (ret > 0)
		*ppos += ret;
	drm_dev_exit(idx);

	return ret;
}

static ssize_t pddgpu_vram_raw_read(struct file *file, char __user *buf, size_t count,
				    loff_t *ppos)
{
	return pddgpu_dump_read(file->private_data, NULL, buf, count, ppos);
}

static loff_t pddgpu_vram_raw_llseek(struct file *file, loff_t offset, int whence)
{
	struct pddgpu_device *pdev = file->private_data;

	return fixed_size_llseek(file, offset, whence, pdev->vram.size);
}

static const struct file_operations pddgpu_vram_raw_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = pddgpu_vram_raw_read,
	.llseek = pddgpu_vram_raw_llseek,
};

/* An open "bo" file */
struct pddgpu_bo_file {
	struct pddgpu_device *pdev;	/* a reference */
	struct mutex lock;		/* protects @bo */
	struct pddgpu_bo *bo;		/* what was chosen, a reference, or NULL */
};

static int pddgpu_bo_file_open(struct inode *inode, struct file *file)
{
	struct pddgpu_bo_file *priv = kzalloc_obj(*priv);

	if (!priv)
		return -ENOMEM;

	priv->pdev = inode->i_private;
	mutex_init(&priv->lock);
	drm_dev_get(&priv->pdev->drm);
	file->private_data = priv;

	return 0;
}

static int pddgpu_bo_file_release(struct inode *inode, struct file *file)
{
	struct pddgpu_bo_file *priv = file->private_data;

	if (priv->bo)
		drm_gem_object_put(&priv->bo->tbo.base);
	drm_dev_put(&priv->pdev->drm);
	mutex_destroy(&priv->lock);
	kfree(priv);

	return 0;
}

static ssize_t pddgpu_bo_file_read(struct file *file, char __user *buf, size_t count,
				   loff_t *ppos)
{
	struct pddgpu_bo_file *priv = file->private_data;
	ssize_t ret = -ENODATA;

	mutex_lock(&priv->lock);
	if (priv->bo)
		ret = pddgpu_dump_read(priv->pdev, priv->bo, buf, count, ppos);
	mutex_unlock(&priv->lock);

	return ret;
}

static struct drm_gem_object *pddgpu_bo_file_lookup(struct drm_device *drm, u64 client, u32 handle)
{
	struct drm_gem_object *gem = NULL;
	struct drm_file *file;

	mutex_lock(&drm->filelist_mutex);
	list_for_each_entry(file, &drm->filelist, lhead)
		if (file->client_id == client)
			gem = drm_gem_object_lookup(file, handle);
	mutex_unlock(&drm->filelist_mutex);

	return gem;
}

/* Chooses a buffer and starts again at its first byte. */
static ssize_t pddgpu_bo_file_write(struct file *file, const char __user *buf, size_t count,
				    loff_t *ppos)
{
	struct pddgpu_bo_file *priv = file->private_data;
	struct drm_gem_object *gem;
	char text[48] = {};
	u64 client;
	u32 handle;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	if (sscanf(text, "%llu %u", &client, &handle) != 2)
		return -EINVAL;

	gem = pddgpu_bo_file_lookup(&priv->pdev->drm, client, handle);
	if (!gem)
		return -ENOENT;

	mutex_lock(&priv->lock);
	if (priv->bo)
		drm_gem_object_put(&priv->bo->tbo.base);
	priv->bo = gem_to_pddgpu_bo(gem);
	mutex_unlock(&priv->lock);
	*ppos = 0;

	return count;
}

static const struct file_operations pddgpu_bo_file_fops = {
	.owner = THIS_MODULE,
	.open = pddgpu_bo_file_open,
	.release = pddgpu_bo_file_release,
	.read = pddgpu_bo_file_read,
	.write = pddgpu_bo_file_write,
	.llseek = default_llseek,
};

void pddgpu_debugfs_init(struct drm_minor *minor)
{
	struct pddgpu_device *pdev = to_pddgpu(minor->dev);
	struct dentry *root = minor->debugfs_root;

	ttm_resource_manager_create_debugfs(&pdev->vram_mgr.base, root, "vram");
	ttm_resource_manager_create_debugfs(&pdev->gtt_mgr.base, root, "gtt");
	for (u32 h = 0; h < PDDGPU_NUM_ONCHIP; h++)
		if (pddgpu_onchip_manager(&pdev->onchip, h))
			ttm_resource_manager_create_debugfs(pddgpu_onchip_manager(&pdev->onchip, h),
							    root, pddgpu_onchip_name(h));
	debugfs_create_file("vram_map", 0400, root, &pdev->vram_mgr.base, &pddgpu_vram_map_fops);
	debugfs_create_file("gtt_map", 0400, root, &pdev->gtt_mgr.base, &pddgpu_gtt_map_fops);
	debugfs_create_file("pool", 0400, root, pdev, &pddgpu_debugfs_pool_fops);
	debugfs_create_file("buffers", 0400, root, pdev, &pddgpu_debugfs_clients_fops);
	debugfs_create_file("rings", 0400, root, pdev, &pddgpu_debugfs_rings_fops);
	debugfs_create_file("vram_raw", 0400, root, pdev, &pddgpu_vram_raw_fops);
	debugfs_create_file("bo", 0600, root, pdev, &pddgpu_bo_file_fops);
	pddgpu_inject_debugfs_init(root);
}
