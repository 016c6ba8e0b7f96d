# SPDX-License-Identifier: GPL-2.0 OR MIT
#
# Joins what the guests measured with the list of cells, and prints the table as TSV.
# Of a cell that was measured more than once the median counts.
# Usage: awk -f table.awk CELLS LOG...

function ratio(a, b) { return b ? sprintf("%.2f", a / b) : "-" }
function verdict(r, target) { return target == "-" ? "-" : r + 0 < target + 0 ? "MISS" : "ok" }

# Of one column of a pool's results for a cell
function median(pool, cell, column,    n, i, j, v, values) {
	n = times[pool, cell]
	for (i = 1; i <= n; i++) {
		v = result[pool, cell, i, column]
		for (j = i; j > 1 && values[j - 1] > v; j--)
			values[j] = values[j - 1]
		values[j] = v
	}
	return values[int((n + 1) / 2)]
}

function need(pool, cell) {
	if ((pool, cell) in times)
		return
	print "no result of " pool " for " cell >"/dev/stderr"
	failed = 1
}

function pair(cell, column) { return median("ttm", cell, column) OFS median("pddgpu", cell, column) }

# The caller's, all CPUs', then what has no target
function row(cell,    a, b, all_a, all_b, r, all) {
	a = median("ttm", cell, 1)
	b = median("pddgpu", cell, 1)
	all_a = median("ttm", cell, 2)
	all_b = median("pddgpu", cell, 2)
	r = ratio(a, b)
	all = ratio(all_a, all_b)
	print cell, unit[cell], a, b, r, target[cell], verdict(r, target[cell]), \
		all_a, all_b, all, target_all[cell], verdict(all, target_all[cell]), \
		pair(cell, 3), pair(cell, 4)
}

# No ratio: the target is none at all
function row_growth(cell,    b) {
	b = median("pddgpu", cell, 1)
	print cell, "KiB", median("ttm", cell, 1), b, b, 0, (b > 0 ? "MISS" : "ok"), \
		"-", "-", "-", "-", "-", 0, 0, 0, 0
}

BEGIN {
	OFS = "\t"
	growth = "directmap4k-growth"
	print "cell", "unit", "ttm", "pddgpu", "ratio", "target", "verdict", \
		"ttm_all", "pddgpu_all", "ratio_all", "target_all", "verdict_all", \
		"ttm_alloc", "pddgpu_alloc", "ttm_pieces", "pddgpu_pieces"
}
FILENAME == ARGV[1] {
	name[++cells] = $1
	target[$1] = $8
	target_all[$1] = $9
	unit[$1] = $1 ~ /^(native|threads)-/ ? "ns" : "insns"
	next
}
$1 == "result" {
	n = ++times[$2, $3]
	result[$2, $3, n, 1] = $4
	result[$2, $3, n, 2] = $4 + $5
	result[$2, $3, n, 3] = $6
	result[$2, $3, n, 4] = $7
}
END {
	name[++cells] = growth
	for (i = 1; i <= cells; i++) {
		need("ttm", name[i])
		need("pddgpu", name[i])
	}
	if (failed)
		exit 1
	for (i = 1; i < cells; i++)
		row(name[i])
	row_growth(growth)
}
