/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What the demo prints: sections, aligned columns, pictures of memory in use.
 * All sizes are bytes, all times ns.
 */
#ifndef DEMO_REPORT_H
#define DEMO_REPORT_H

#include "pddgpu.h"

/**
 * report_section() - Begin a part of the output
 * @title: what it is about
 */
void report_section(const char *title);

/**
 * report_card() - What INFO says of the card
 * @dev: the card
 */
void report_card(const struct pdd_dev *dev);

/**
 * report_occupancy() - A picture of the memory in use
 * @dev: the card
 * @mem: what INFO says
 */
void report_occupancy(const struct pdd_dev *dev, const struct drm_pddgpu_info_memory *mem);

/**
 * report_moves() - What the memory manager did
 * @before: what INFO said then
 * @after: what INFO says now
 */
void report_moves(const struct drm_pddgpu_info_memory *before,
		  const struct drm_pddgpu_info_memory *after);

/**
 * report_rate() - A line on how fast something was
 * @what: what it was
 * @bytes: how much
 * @ns: how long
 */
void report_rate(const char *what, u64 bytes, u64 ns);

/**
 * report_tlb() - A line on what translations cost, under report_tlb_header()
 * @what: what was done
 * @before: counters of the engine then
 * @after: and now
 * @ns: how long it took
 * @bytes: how much was copied
 */
void report_tlb(const char *what, const struct drm_pddgpu_info_engine *before,
		const struct drm_pddgpu_info_engine *after, u64 ns, u64 bytes);

/**
 * report_tlb_header() - Names of the columns of report_tlb()
 */
void report_tlb_header(void);

/**
 * report_debugfs() - The driver's own dumps, shortened
 * @dev: the card
 */
void report_debugfs(const struct pdd_dev *dev);

#endif
