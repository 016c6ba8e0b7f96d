/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef EMU_TESTS_CORPUS_H
#define EMU_TESTS_CORPUS_H

#include "input.h"

/**
 * struct corpus - inputs that have been found worth keeping
 * @dir: where their files are, NULL if there is no such place
 * @inputs: the inputs
 * @count: how many
 */
struct corpus {
	const char *dir;
	struct input **inputs;
	unsigned int count;
};

/**
 * corpus_load() - Read all files of a directory, small ones first
 * @corpus: empty, with a directory
 *
 * Those of the same size are sorted by their bytes, so that the same files
 * make the same corpus.
 *
 * Return: 0, or -errno.
 */
int corpus_load(struct corpus *corpus);

/**
 * corpus_keep() - Add an input, and write its file
 * @corpus: the corpus
 * @input: the input; copied
 *
 * The file is named by the hash of its contents.
 *
 * Return: 0, or -errno.
 */
int corpus_keep(struct corpus *corpus, const struct input *input);

/**
 * corpus_drop() - Remove an input's file
 * @corpus: the corpus
 * @input: the input
 *
 * Return: false if there is no file that is named by the hash of its contents: a
 * file that somebody has given a name stays.
 */
bool corpus_drop(const struct corpus *corpus, const struct input *input);

/**
 * corpus_release() - Free the inputs; the files stay
 * @corpus: the corpus
 */
void corpus_release(struct corpus *corpus);

#endif
