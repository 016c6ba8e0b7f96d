/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * DOC: Coverage
 *
 * Counts which branches of the card were taken.  The compiler puts a call into
 * every basic block of the card's files (-fsanitize-coverage=trace-pc); two blocks
 * that a thread has run one after the other are an edge.  Without the calls, as
 * under TSan, no edge is ever seen.
 */
#ifndef EMU_TESTS_COVERAGE_H
#define EMU_TESTS_COVERAGE_H

/**
 * coverage_edges() - Count the edges
 *
 * Return: how many different ones were reached so far, by all threads; a few less
 * than there were, because they are hashed.
 */
unsigned int coverage_edges(void);

/**
 * coverage_mark() - Remember which edges were reached
 */
void coverage_mark(void);

/**
 * coverage_rewind() - Forget those that were reached after coverage_mark()
 *
 * To be called while no thread runs the card, or the count may be off by a few.
 */
void coverage_rewind(void);

#endif
