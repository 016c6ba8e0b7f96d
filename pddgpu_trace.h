/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM pddgpu

#if !defined(_PDDGPU_TRACE_H_) || defined(TRACE_HEADER_MULTI_READ)
#define _PDDGPU_TRACE_H_

#include <linux/tracepoint.h>
#include <linux/types.h>

#include <drm/ttm/ttm_caching.h>
#include <drm/ttm/ttm_placement.h>

#include "pddgpu_onchip.h"

#define pddgpu_trace_mem_type(type)			\
	__print_symbolic(type,				\
			 { TTM_PL_SYSTEM, "system" },	\
			 { TTM_PL_TT, "gtt" },		\
			 { TTM_PL_VRAM, "vram" },	\
			 { PDDGPU_PL_ONCHIP(PDDGPU_ONCHIP_GDS), "gds" },	\
			 { PDDGPU_PL_ONCHIP(PDDGPU_ONCHIP_GWS), "gws" },	\
			 { PDDGPU_PL_ONCHIP(PDDGPU_ONCHIP_OA), "oa" })

#define pddgpu_trace_caching(caching)				\
	__print_symbolic(caching,				\
			 { ttm_uncached, "uncached" },		\
			 { ttm_write_combined, "write_combined" },	\
			 { ttm_cached, "cached" })

/* A buffer has changed its place, or had contents made up in its first one. */
TRACE_EVENT(pddgpu_bo_move,
	    TP_PROTO(const char *dev, u32 from, u32 to, u64 start_page, u64 bytes, bool evict),
	    TP_ARGS(dev, from, to, start_page, bytes, evict),

	    TP_STRUCT__entry(__string(dev, dev)
			     __field(u64, start_page)
			     __field(u64, bytes)
			     __field(u32, from)
			     __field(u32, to)
			     __field(bool, evict)
	    ),

	    TP_fast_assign(__assign_str(dev);
			   __entry->start_page = start_page;
			   __entry->bytes = bytes;
			   __entry->from = from;
			   __entry->to = to;
			   __entry->evict = evict;
	    ),

	    TP_printk("dev=%s from=%s to=%s page=0x%llx bytes=%llu evict=%d", __get_str(dev),
		      pddgpu_trace_mem_type(__entry->from), pddgpu_trace_mem_type(__entry->to),
		      __entry->start_page, __entry->bytes, __entry->evict)
);

/* The scheduler has put a job on a ring. */
TRACE_EVENT(pddgpu_job_run,
	    TP_PROTO(const char *dev, const char *engine, u64 seqno, u64 ib_addr, u32 ib_dwords),
	    TP_ARGS(dev, engine, seqno, ib_addr, ib_dwords),

	    TP_STRUCT__entry(__string(dev, dev)
			     __string(engine, engine)
			     __field(u64, seqno)
			     __field(u64, ib_addr)
			     __field(u32, ib_dwords)
	    ),

	    TP_fast_assign(__assign_str(dev);
			   __assign_str(engine);
			   __entry->seqno = seqno;
			   __entry->ib_addr = ib_addr;
			   __entry->ib_dwords = ib_dwords;
	    ),

	    TP_printk("dev=%s engine=%s seqno=%llu ib=0x%llx dwords=%u", __get_str(dev),
		      __get_str(engine), __entry->seqno, __entry->ib_addr, __entry->ib_dwords)
);

/* A buffer was populated: with chunks that the pool had, and with others. */
DECLARE_EVENT_CLASS(pddgpu_pool_populate,
		    TP_PROTO(const char *dev, u32 caching, u64 chunks, u64 buffer_pages),
		    TP_ARGS(dev, caching, chunks, buffer_pages),

		    TP_STRUCT__entry(__string(dev, dev)
				     __field(u64, chunks)
				     __field(u64, buffer_pages)
				     __field(u32, caching)
		    ),

		    TP_fast_assign(__assign_str(dev);
				   __entry->chunks = chunks;
				   __entry->buffer_pages = buffer_pages;
				   __entry->caching = caching;
		    ),

		    TP_printk("dev=%s caching=%s chunks=%llu buffer_pages=%llu",
			      __get_str(dev), pddgpu_trace_caching(__entry->caching),
			      __entry->chunks, __entry->buffer_pages)
);

DEFINE_EVENT(pddgpu_pool_populate, pddgpu_pool_hit,
	     TP_PROTO(const char *dev, u32 caching, u64 chunks, u64 buffer_pages),
	     TP_ARGS(dev, caching, chunks, buffer_pages)
);

DEFINE_EVENT(pddgpu_pool_populate, pddgpu_pool_miss,
	     TP_PROTO(const char *dev, u32 caching, u64 chunks, u64 buffer_pages),
	     TP_ARGS(dev, caching, chunks, buffer_pages)
);

/* The caching attributes of a block change. */
TRACE_EVENT(pddgpu_pool_convert,
	    TP_PROTO(const char *dev, int nid, u32 to, u64 pages),
	    TP_ARGS(dev, nid, to, pages),

	    TP_STRUCT__entry(__string(dev, dev)
			     __field(u64, pages)
			     __field(u32, to)
			     __field(int, nid)
	    ),

	    TP_fast_assign(__assign_str(dev);
			   __entry->pages = pages;
			   __entry->to = to;
			   __entry->nid = nid;
	    ),

	    TP_printk("dev=%s node=%d to=%s pages=%llu", __get_str(dev), __entry->nid,
		      pddgpu_trace_caching(__entry->to), __entry->pages)
);

/* Free pages were cleaned in the background. */
TRACE_EVENT(pddgpu_pool_clean,
	    TP_PROTO(const char *dev, int nid, u32 caching, u64 pages, bool by_cpu),
	    TP_ARGS(dev, nid, caching, pages, by_cpu),

	    TP_STRUCT__entry(__string(dev, dev)
			     __field(u64, pages)
			     __field(u32, caching)
			     __field(int, nid)
			     __field(bool, by_cpu)
	    ),

	    TP_fast_assign(__assign_str(dev);
			   __entry->pages = pages;
			   __entry->caching = caching;
			   __entry->nid = nid;
			   __entry->by_cpu = by_cpu;
	    ),

	    TP_printk("dev=%s node=%d caching=%s pages=%llu by=%s", __get_str(dev), __entry->nid,
		      pddgpu_trace_caching(__entry->caching), __entry->pages,
		      __entry->by_cpu ? "cpu" : "engine")
);

/* Reclaim has asked for pages. */
TRACE_EVENT(pddgpu_pool_shrink,
	    TP_PROTO(const char *dev, int nid, u64 asked, u64 freed),
	    TP_ARGS(dev, nid, asked, freed),

	    TP_STRUCT__entry(__string(dev, dev)
			     __field(u64, asked)
			     __field(u64, freed)
			     __field(int, nid)
	    ),

	    TP_fast_assign(__assign_str(dev);
			   __entry->asked = asked;
			   __entry->freed = freed;
			   __entry->nid = nid;
	    ),

	    TP_printk("dev=%s node=%d asked=%llu freed=%llu", __get_str(dev), __entry->nid,
		      __entry->asked, __entry->freed)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE pddgpu_trace
#include <trace/define_trace.h>
