/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
#ifndef _UAPI_PDDGPU_DRM_H_
#define _UAPI_PDDGPU_DRM_H_

#include "drm.h"

#if defined(__cplusplus)
extern "C" {
#endif

/**
 * DOC: uAPI conventions
 *
 * Every structure is naturally aligned, a multiple of 8 bytes, free of unions,
 * and carries pointers as __u64.  A pad or a reserved flag that is not zero
 * gives -EINVAL, and zero will always mean what it means today.  New fields
 * come at the end of a structure, new ioctls at the end of the list, and each
 * raises the driver's minor version.
 *
 * A list has a stride.  One smaller than the structure here gives -EINVAL; a
 * larger one, up to 4 KiB, is that of a newer program and works as long as what
 * the kernel does not know is zero, else it gives -E2BIG.  So does a list that is
 * longer than it may be.
 *
 * An ioctl that fails has changed nothing.  Errors follow
 * Documentation/gpu/drm-uapi.rst: -ENOENT for an unknown handle or id, -EINVAL
 * for a bad value or combination, -EFAULT for a bad pointer, -E2BIG for a list
 * or buffer that no device memory could hold, -ENOSPC when VRAM, an on-chip heap
 * or an address range is full, -ENOMEM when system memory is, -EOPNOTSUPP for
 * what this card lacks, -ENODEV after the card is gone, -ECANCELED on a banned
 * context, -EIO when the card is wedged, -ETIME when a wait ran out.
 */

#define DRM_PDDGPU_INFO			0x00
#define DRM_PDDGPU_GEM_CREATE		0x01
#define DRM_PDDGPU_GEM_MMAP		0x02
#define DRM_PDDGPU_GEM_INFO		0x03
#define DRM_PDDGPU_GEM_WAIT		0x04
#define DRM_PDDGPU_VM_CREATE		0x05
#define DRM_PDDGPU_VM_DESTROY		0x06
#define DRM_PDDGPU_VM_BIND		0x07
#define DRM_PDDGPU_CTX_CREATE		0x08
#define DRM_PDDGPU_CTX_DESTROY		0x09
#define DRM_PDDGPU_CTX_QUERY		0x0a
#define DRM_PDDGPU_CS			0x0b
#define DRM_PDDGPU_GEM_MADVISE		0x0c

/**
 * enum drm_pddgpu_info_query - what DRM_IOCTL_PDDGPU_INFO returns
 */
enum drm_pddgpu_info_query {
	/** @DRM_PDDGPU_INFO_DEVICE: struct drm_pddgpu_info_device */
	DRM_PDDGPU_INFO_DEVICE = 0,
	/** @DRM_PDDGPU_INFO_MEMORY: struct drm_pddgpu_info_memory */
	DRM_PDDGPU_INFO_MEMORY,
	/** @DRM_PDDGPU_INFO_ENGINES: array of struct drm_pddgpu_info_engine */
	DRM_PDDGPU_INFO_ENGINES,
};

/**
 * struct drm_pddgpu_info - argument of DRM_IOCTL_PDDGPU_INFO
 */
struct drm_pddgpu_info {
	/** @query: enum drm_pddgpu_info_query */
	__u32 query;
	/**
	 * @size: in: bytes at @data; out: bytes the kernel has.  The smaller of
	 * the two is copied.  With 0 only the size is returned.
	 */
	__u32 size;
	/** @data: user pointer to the answer */
	__u64 data;
};

/**
 * struct drm_pddgpu_info_device - answer to DRM_PDDGPU_INFO_DEVICE
 */
struct drm_pddgpu_info_device {
	/** @hw_version: PDDGPU_REG_VERSION: major << 16 | minor */
	__u32 hw_version;
	/** @num_engines: engines a CS may name, from 0 up */
	__u32 num_engines;
	/** @vram_size: bytes of VRAM */
	__u64 vram_size;
	/** @vram_visible: bytes of VRAM that the CPU can reach */
	__u64 vram_visible;
	/** @gtt_size: bytes of system memory that GTT buffers may use in all */
	__u64 gtt_size;
	/** @va_start: lowest GPU virtual address that may be bound */
	__u64 va_start;
	/** @va_end: first byte above the highest one */
	__u64 va_end;
	/** @page_size: granularity of buffer sizes and of bindings, bytes */
	__u32 page_size;
	/** @large_page_size: size and alignment at which bindings use large pages */
	__u32 large_page_size;
	/** @max_ib_dwords: longest command buffer of a CS, in dwords */
	__u32 max_ib_dwords;
	/** @pad: zero */
	__u32 pad;
	/** @gds_size: bytes of on-chip scratch; 0 if there is none; since 1.2, as what follows */
	__u64 gds_size;
	/** @gws_size: bytes of on-chip barriers, a page each; 0 if there are none */
	__u64 gws_size;
	/** @oa_size: bytes of on-chip counters, a page each; 0 if there are none */
	__u64 oa_size;
};

/**
 * struct drm_pddgpu_info_memory - answer to DRM_PDDGPU_INFO_MEMORY
 *
 * Whole-device figures, in bytes unless said otherwise, at one moment.
 */
struct drm_pddgpu_info_memory {
	/** @vram_used: VRAM in use */
	__u64 vram_used;
	/** @vram_visible_used: the part of it that the CPU can reach */
	__u64 vram_visible_used;
	/** @gtt_used: system memory in use as GTT */
	__u64 gtt_used;
	/** @pool_bytes: free pages that the page pool keeps */
	__u64 pool_bytes;
	/** @moved_to_vram: bytes moved into VRAM since the driver was loaded */
	__u64 moved_to_vram;
	/** @moved_to_gtt: bytes moved from VRAM to GTT */
	__u64 moved_to_gtt;
	/** @evictions: buffers moved to make room for another one */
	__u64 evictions;
	/** @cleared: bytes that the copy engine cleared for new buffers, which waited for it */
	__u64 cleared;
	/** @purged: bytes of buffers whose contents nobody needed; since 1.1 */
	__u64 purged;
	/** @gds_used: on-chip scratch in use; since 1.2, as what follows */
	__u64 gds_used;
	/** @gws_used: on-chip barriers in use */
	__u64 gws_used;
	/** @oa_used: on-chip counters in use */
	__u64 oa_used;
};

/**
 * struct drm_pddgpu_info_engine - an element of the answer to
 * DRM_PDDGPU_INFO_ENGINES: the card's counters, see Documentation/hardware.rst
 */
struct drm_pddgpu_info_engine {
	/** @jobs: fences run */
	__u64 jobs;
	/** @packets: packets run */
	__u64 packets;
	/** @bytes_read: bytes read by packets */
	__u64 bytes_read;
	/** @bytes_written: bytes written by packets */
	__u64 bytes_written;
	/** @busy_ns: time spent running packets, ns */
	__u64 busy_ns;
	/** @tlb_hits: translations that the TLB held */
	__u64 tlb_hits;
	/** @tlb_misses_4k: walks that found a 4 KiB page */
	__u64 tlb_misses_4k;
	/** @tlb_misses_2m: walks that found a 2 MiB page */
	__u64 tlb_misses_2m;
	/** @walk_reads: table entries read by walks */
	__u64 walk_reads;
	/** @faults: MMU faults and rejected packets */
	__u64 faults;
	/** @irqs: interrupts raised */
	__u64 irqs;
};

/* Memory domains, in the order of preference that the card has */
#define DRM_PDDGPU_DOMAIN_CPU		(1 << 0) /* system memory, not mapped by the GPU */
#define DRM_PDDGPU_DOMAIN_GTT		(1 << 1) /* system memory that the GPU reaches */
#define DRM_PDDGPU_DOMAIN_VRAM		(1 << 2) /* memory on the card */
#define DRM_PDDGPU_DOMAIN_GDS		(1 << 3) /* on-chip: scratch */
#define DRM_PDDGPU_DOMAIN_GWS		(1 << 4) /* on-chip: barriers */
#define DRM_PDDGPU_DOMAIN_OA		(1 << 5) /* on-chip: ordered append */
#define DRM_PDDGPU_DOMAIN_MASK		0x3f

/* Flags of DRM_IOCTL_PDDGPU_GEM_CREATE */
#define DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED	(1 << 0) /* keep it where the CPU reaches it */
#define DRM_PDDGPU_GEM_NO_CPU_ACCESS		(1 << 1) /* no mmap; prefers invisible VRAM */
#define DRM_PDDGPU_GEM_GTT_USWC			(1 << 2) /* write-combined CPU mapping in GTT */
#define DRM_PDDGPU_GEM_VRAM_CONTIGUOUS		(1 << 3) /* one block when in VRAM */
#define DRM_PDDGPU_GEM_VRAM_CLEARED		(1 << 4) /* no effect: memory is always cleared */
#define DRM_PDDGPU_GEM_FLAGS_MASK		0x1f

/**
 * struct drm_pddgpu_gem_create - argument of DRM_IOCTL_PDDGPU_GEM_CREATE
 *
 * The buffer reads as zeroes.  With GTT beside VRAM in @domains the buffer
 * prefers VRAM and makes do with GTT; with VRAM alone it is moved out only to
 * make room for others and back when a CS names it.
 *
 * A buffer in an on-chip heap has that one domain and no other, and is moved like
 * one in VRAM alone; if others use all of the heap when it is made, its first job
 * brings it there.  It consists of pages of 4 KiB that follow one another: a barrier
 * each in GWS, a counter each in OA.  Packets reach it in the jobs that list it; it
 * can be neither bound nor mapped by the CPU (both -EINVAL), so it has
 * DRM_PDDGPU_GEM_NO_CPU_ACCESS, whether given or not, and takes no other flag and
 * no alignment (-EINVAL).  -EOPNOTSUPP says that the card does not have the heap.
 */
struct drm_pddgpu_gem_create {
	/** @size: in: bytes, not 0; out: rounded up to the page size */
	__u64 size;
	/** @alignment: of its address in VRAM, bytes: 0 or a power of two */
	__u64 alignment;
	/** @domains: DRM_PDDGPU_DOMAIN_*, one or more */
	__u32 domains;
	/** @flags: DRM_PDDGPU_GEM_* */
	__u32 flags;
	/**
	 * @vm_id: 0, or the address space that alone will ever map the buffer.
	 * Such a buffer cannot be exported, nor opened by its name from another
	 * file (both -EPERM), and costs a CS nothing.
	 */
	__u32 vm_id;
	/** @handle: out: the GEM handle */
	__u32 handle;
};

/**
 * struct drm_pddgpu_gem_mmap - argument of DRM_IOCTL_PDDGPU_GEM_MMAP
 */
struct drm_pddgpu_gem_mmap {
	/** @handle: the GEM handle */
	__u32 handle;
	/** @flags: must be 0 */
	__u32 flags;
	/** @offset: out: what to pass to mmap() on the DRM file */
	__u64 offset;
};

/**
 * struct drm_pddgpu_gem_info - argument of DRM_IOCTL_PDDGPU_GEM_INFO
 */
struct drm_pddgpu_gem_info {
	/** @handle: the GEM handle */
	__u32 handle;
	/** @flags: in: must be 0; out: those of GEM_CREATE */
	__u32 flags;
	/** @size: out: bytes */
	__u64 size;
	/** @domains: out: those of GEM_CREATE */
	__u32 domains;
	/** @placement: out: the DRM_PDDGPU_DOMAIN_* it is in now */
	__u32 placement;
	/** @vm_id: out: that of GEM_CREATE */
	__u32 vm_id;
	/** @blocks: out: contiguous pieces it consists of when in VRAM, else 0 */
	__u32 blocks;
};

#define DRM_PDDGPU_GEM_WAIT_WRITE	(1 << 0) /* about to write: wait for readers too */

/**
 * struct drm_pddgpu_gem_wait - argument of DRM_IOCTL_PDDGPU_GEM_WAIT
 *
 * Waits for the jobs that list the buffer; for one that is private to an address
 * space, for all jobs in there.
 */
struct drm_pddgpu_gem_wait {
	/** @handle: the GEM handle */
	__u32 handle;
	/** @flags: DRM_PDDGPU_GEM_WAIT_* */
	__u32 flags;
	/** @timeout_ns: absolute CLOCK_MONOTONIC time, ns; the past only polls */
	__s64 timeout_ns;
};

/* Values of DRM_IOCTL_PDDGPU_GEM_MADVISE */
#define DRM_PDDGPU_MADV_WILLNEED	0 /* keep the contents, as from the start */
#define DRM_PDDGPU_MADV_DONTNEED	1 /* they may go when memory is short */

/**
 * struct drm_pddgpu_gem_madvise - argument of DRM_IOCTL_PDDGPU_GEM_MADVISE
 *
 * For caches of buffers: one that is not needed gives its memory to whoever is
 * short of it, on the card or in the system, before anything is evicted or swapped
 * out.  It stays what it is, bound and mapped, and can be used; but as long as no
 * job uses it, what it holds may go at any time, and zeroes are there instead.
 * The next job in an address space where it is bound brings it back, so it is best
 * unbound.  Since 1.1.
 */
struct drm_pddgpu_gem_madvise {
	/** @handle: the GEM handle */
	__u32 handle;
	/** @madv: DRM_PDDGPU_MADV_* */
	__u32 madv;
	/** @retained: out: 1, or 0 if it has lost its contents since it was needed last */
	__u32 retained;
	/** @pad: must be 0 */
	__u32 pad;
};

/**
 * struct drm_pddgpu_vm_create - argument of DRM_IOCTL_PDDGPU_VM_CREATE
 *
 * A client may have 64 address spaces; one more gives -ENOSPC.
 */
struct drm_pddgpu_vm_create {
	/** @flags: must be 0 */
	__u32 flags;
	/** @vm_id: out: id of the new GPU address space, not 0 */
	__u32 vm_id;
};

/**
 * struct drm_pddgpu_vm_destroy - argument of DRM_IOCTL_PDDGPU_VM_DESTROY
 *
 * Contexts that use the address space keep it alive, and all that is mapped in
 * it.
 */
struct drm_pddgpu_vm_destroy {
	/** @vm_id: id from VM_CREATE */
	__u32 vm_id;
	/** @pad: must be 0 */
	__u32 pad;
};

#define DRM_PDDGPU_SYNC_SIGNAL		(1 << 0) /* signalled by the operation; else waited for */

/**
 * struct drm_pddgpu_sync - a syncobj to wait for or to signal
 */
struct drm_pddgpu_sync {
	/** @handle: the syncobj */
	__u32 handle;
	/** @flags: DRM_PDDGPU_SYNC_* */
	__u32 flags;
	/** @point: timeline point, or 0 for a binary syncobj */
	__u64 point;
};

/* Operations of DRM_IOCTL_PDDGPU_VM_BIND */
#define DRM_PDDGPU_VM_BIND_OP_MAP	0
#define DRM_PDDGPU_VM_BIND_OP_UNMAP	1 /* what is mapped in the range; handle, bo_offset 0 */

#define DRM_PDDGPU_VM_BIND_READONLY	(1 << 0) /* MAP: GPU writes fault */
#define DRM_PDDGPU_VM_BIND_SMALL_PAGES	(1 << 1) /* MAP: never a large page; for measuring */

/**
 * struct drm_pddgpu_vm_bind_op - one change to an address space
 *
 * A MAP replaces what the range held.  All offsets, addresses and sizes are
 * multiples of the page size, in bytes.
 */
struct drm_pddgpu_vm_bind_op {
	/** @op: DRM_PDDGPU_VM_BIND_OP_* */
	__u32 op;
	/** @flags: DRM_PDDGPU_VM_BIND_* */
	__u32 flags;
	/** @handle: GEM handle to map */
	__u32 handle;
	/** @pad: must be 0 */
	__u32 pad;
	/** @bo_offset: where in the buffer the mapping starts */
	__u64 bo_offset;
	/** @addr: GPU virtual address */
	__u64 addr;
	/** @range: bytes, not 0 */
	__u64 range;
};

/**
 * struct drm_pddgpu_vm_bind - argument of DRM_IOCTL_PDDGPU_VM_BIND
 *
 * The operations take effect in order, after all work submitted before on the
 * same address space and before all work submitted later.  Only a MAP where
 * nothing was mapped does not wait: earlier work may or may not see it, and later
 * work need not wait for earlier work because of it.  If one fails, those
 * before it in the list hold, the failing one changes nothing, those after it
 * are not tried, and @num_done tells how many hold.
 *
 * Page tables take 1/512 of what is mapped, and at least 12 KiB where nothing is
 * mapped nearby.  -ENOSPC says that they found no room in VRAM, of which those of
 * one address space never take more than 1/16.
 */
struct drm_pddgpu_vm_bind {
	/** @vm_id: id from VM_CREATE */
	__u32 vm_id;
	/** @flags: must be 0 */
	__u32 flags;
	/** @num_ops: 1 .. DRM_PDDGPU_VM_BIND_MAX_OPS */
	__u32 num_ops;
	/** @op_stride: bytes from one operation to the next */
	__u32 op_stride;
	/** @ops: user pointer to struct drm_pddgpu_vm_bind_op */
	__u64 ops;
	/** @num_done: out: operations that hold, also on failure */
	__u32 num_done;
	/** @pad: must be 0 */
	__u32 pad;
};

#define DRM_PDDGPU_VM_BIND_MAX_OPS	1024

/**
 * struct drm_pddgpu_ctx_create - argument of DRM_IOCTL_PDDGPU_CTX_CREATE
 *
 * A context is a queue on each engine; jobs of one context and engine run in
 * order.  A client may have 256 contexts; one more gives -ENOSPC.
 */
struct drm_pddgpu_ctx_create {
	/** @vm_id: the address space its jobs run in */
	__u32 vm_id;
	/** @flags: must be 0 */
	__u32 flags;
	/** @ctx_id: out: id of the context, not 0 */
	__u32 ctx_id;
	/** @pad: must be 0 */
	__u32 pad;
};

/**
 * struct drm_pddgpu_ctx_destroy - argument of DRM_IOCTL_PDDGPU_CTX_DESTROY
 *
 * Jobs that were submitted still run, unless the client is killed.
 */
struct drm_pddgpu_ctx_destroy {
	/** @ctx_id: id from CTX_CREATE */
	__u32 ctx_id;
	/** @pad: must be 0 */
	__u32 pad;
};

#define DRM_PDDGPU_CTX_BANNED		(1 << 0) /* a job of it hung; every CS gives -ECANCELED */
#define DRM_PDDGPU_CTX_FAULTED		(1 << 1) /* a job of it was ended by an error of its own */

/**
 * struct drm_pddgpu_ctx_query - argument of DRM_IOCTL_PDDGPU_CTX_QUERY
 */
struct drm_pddgpu_ctx_query {
	/** @ctx_id: id from CTX_CREATE */
	__u32 ctx_id;
	/** @flags: in: must be 0; out: DRM_PDDGPU_CTX_* */
	__u32 flags;
	/** @faults: out: jobs that ended with an error */
	__u64 faults;
	/** @last_error: out: PDDGPU_ERR_* of the last of them, hardware.rst */
	__u32 last_error;
	/** @pad: must be 0 */
	__u32 pad;
};

#define DRM_PDDGPU_ENGINE_COPY		0
#define DRM_PDDGPU_ENGINE_COMPUTE	1

#define DRM_PDDGPU_CS_BO_WRITE		(1 << 0) /* the job writes it */

/**
 * struct drm_pddgpu_cs_bo - a buffer that a job uses
 *
 * Everything bound in the address space can be reached by the job.  Listing a
 * buffer also places it in its preferred domain, and orders the job after the
 * earlier jobs that listed it to write it (readers), or after all that listed it
 * (writers), of any process.
 *
 * A buffer that is private to the address space is placed, but not ordered: jobs
 * that share it without being of the same context and engine use syncobjs.  One
 * that is private to another address space gives -EINVAL.
 *
 * A buffer in an on-chip heap is reached only by jobs that list it: the offsets of
 * their packets begin at its first byte, and end with its last.  A list with two
 * buffers of one heap gives -EINVAL.  Jobs that are to run at the same time, to meet
 * at a barrier or to take turns at a counter, list it without DRM_PDDGPU_CS_BO_WRITE,
 * and the one for the copy engine is submitted last: that engine also moves what
 * others wait for.
 */
struct drm_pddgpu_cs_bo {
	/** @handle: GEM handle, at most once in a list */
	__u32 handle;
	/** @flags: DRM_PDDGPU_CS_BO_* */
	__u32 flags;
};

/**
 * struct drm_pddgpu_cs - argument of DRM_IOCTL_PDDGPU_CS
 *
 * The job waits for the listed syncobjs, for the jobs that its buffers order it
 * after, and for earlier changes of the address space.  A syncobj to wait for
 * that has no fence yet gives -EINVAL.
 */
struct drm_pddgpu_cs {
	/** @ctx_id: id from CTX_CREATE */
	__u32 ctx_id;
	/** @engine: DRM_PDDGPU_ENGINE_* */
	__u32 engine;
	/** @flags: must be 0 */
	__u32 flags;
	/** @ib_dwords: length of the command buffer, dwords, not 0 */
	__u32 ib_dwords;
	/** @ib_addr: its GPU virtual address, 4-byte aligned */
	__u64 ib_addr;
	/** @bos: user pointer to struct drm_pddgpu_cs_bo */
	__u64 bos;
	/** @num_bos: 0 .. DRM_PDDGPU_CS_MAX_BOS */
	__u32 num_bos;
	/** @bo_stride: bytes from one to the next */
	__u32 bo_stride;
	/** @syncs: user pointer to struct drm_pddgpu_sync */
	__u64 syncs;
	/** @num_syncs: 0 .. DRM_PDDGPU_CS_MAX_SYNCS */
	__u32 num_syncs;
	/** @sync_stride: bytes from one to the next */
	__u32 sync_stride;
};

#define DRM_PDDGPU_CS_MAX_BOS		65536
#define DRM_PDDGPU_CS_MAX_SYNCS		1024

#define DRM_IOCTL_PDDGPU_INFO \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PDDGPU_INFO, struct drm_pddgpu_info)
#define DRM_IOCTL_PDDGPU_GEM_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PDDGPU_GEM_CREATE, struct drm_pddgpu_gem_create)
#define DRM_IOCTL_PDDGPU_GEM_MMAP \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PDDGPU_GEM_MMAP, struct drm_pddgpu_gem_mmap)
#define DRM_IOCTL_PDDGPU_GEM_INFO \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PDDGPU_GEM_INFO, struct drm_pddgpu_gem_info)
#define DRM_IOCTL_PDDGPU_GEM_WAIT \
	DRM_IOW(DRM_COMMAND_BASE + DRM_PDDGPU_GEM_WAIT, struct drm_pddgpu_gem_wait)
#define DRM_IOCTL_PDDGPU_VM_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PDDGPU_VM_CREATE, struct drm_pddgpu_vm_create)
#define DRM_IOCTL_PDDGPU_VM_DESTROY \
	DRM_IOW(DRM_COMMAND_BASE + DRM_PDDGPU_VM_DESTROY, struct drm_pddgpu_vm_destroy)
#define DRM_IOCTL_PDDGPU_VM_BIND \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PDDGPU_VM_BIND, struct drm_pddgpu_vm_bind)
#define DRM_IOCTL_PDDGPU_CTX_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PDDGPU_CTX_CREATE, struct drm_pddgpu_ctx_create)
#define DRM_IOCTL_PDDGPU_CTX_DESTROY \
	DRM_IOW(DRM_COMMAND_BASE + DRM_PDDGPU_CTX_DESTROY, struct drm_pddgpu_ctx_destroy)
#define DRM_IOCTL_PDDGPU_CTX_QUERY \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PDDGPU_CTX_QUERY, struct drm_pddgpu_ctx_query)
#define DRM_IOCTL_PDDGPU_CS \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PDDGPU_CS, struct drm_pddgpu_cs)
#define DRM_IOCTL_PDDGPU_GEM_MADVISE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PDDGPU_GEM_MADVISE, struct drm_pddgpu_gem_madvise)

#if defined(__cplusplus)
}
#endif

#endif
