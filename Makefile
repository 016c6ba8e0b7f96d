# SPDX-License-Identifier: GPL-2.0 OR MIT
# The uAPI header asks for the "drm.h" that it will lie beside once it is installed.
ccflags-y += -I$(src)/include -I$(srctree)/include/uapi/drm

pddgpu-y := \
	pddgpu_bind.o \
	pddgpu_bo.o \
	pddgpu_copy.o \
	pddgpu_coredump.o \
	pddgpu_cs.o \
	pddgpu_ctx.o \
	pddgpu_debugfs.o \
	pddgpu_device.o \
	pddgpu_drv.o \
	pddgpu_dump.o \
	pddgpu_fault.o \
	pddgpu_fence.o \
	pddgpu_gart.o \
	pddgpu_gem.o \
	pddgpu_gtt_mgr.o \
	pddgpu_heartbeat.o \
	pddgpu_info.o \
	pddgpu_irq.o \
	pddgpu_job.o \
	pddgpu_map.o \
	pddgpu_mmap.o \
	pddgpu_onchip.o \
	pddgpu_peek.o \
	pddgpu_pm.o \
	pddgpu_pool.o \
	pddgpu_pool_backend.o \
	pddgpu_pool_block.o \
	pddgpu_pool_clean.o \
	pddgpu_pool_magazine.o \
	pddgpu_pool_reclaim.o \
	pddgpu_pt.o \
	pddgpu_res_cursor.o \
	pddgpu_reset.o \
	pddgpu_ring.o \
	pddgpu_shrinker.o \
	pddgpu_trace.o \
	pddgpu_ttm.o \
	pddgpu_uarray.o \
	pddgpu_vm.o \
	pddgpu_vma.o \
	pddgpu_vram_clean.o \
	pddgpu_vram_mgr.o
pddgpu-$(CONFIG_FAULT_INJECTION_DEBUG_FS) += pddgpu_inject.o

CFLAGS_pddgpu_trace.o := -I$(src)

# For scripts/coverage; a kernel without CONFIG_GCOV_KERNEL ignores it
GCOV_PROFILE := y

obj-$(CONFIG_DRM_PDDGPU) += pddgpu.o
obj-$(CONFIG_DRM_PDDGPU_KUNIT_TEST) += tests/kunit/
