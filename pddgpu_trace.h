/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM pddgpu

#if !defined(_PDDGPU_TRACE_H_) || defined(TRACE_HEADER_MULTI_READ)
#define _PDDGPU_TRACE_H_

#include <linux/tracepoint.h>
#include <linux/types.h>

#include <drm/ttm/ttm_placement.h>

#define pddgpu_trace_mem_type(type)			\
	__print_symbolic(type,				\
			 { TTM_PL_SYSTEM, "system" },	\
			 { TTM_PL_TT, "gtt" },		\
			 { TTM_PL_VRAM, "vram" })

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

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE pddgpu_trace
#include <trace/define_trace.h>
