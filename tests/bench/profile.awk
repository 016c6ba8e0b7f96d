# SPDX-License-Identifier: GPL-2.0 OR MIT
#
# Sums up by function what a guest has counted for each instruction, and prints a
# table for each pool: instructions a step.  What is less than a 500th is "(others)".
# Usage: awk -f profile.awk LOG...

$1 == "result" && NF == 8 { steps[$2] = $8 }

$1 == "profile" {
	name = $6
	sub(/\+0x.*/, "", name)
	if (NF > 6)
		name = name " " $7
	pool[$2, name] = $2
	for (i = 1; i <= 3; i++) {
		count[$2, name, i] += $(i + 2)
		all[$2, i] += $(i + 2)
		all[$2] += $(i + 2)
	}
}

function line(pool, a, b, c, name) {
	printf "%-8s %10.1f %10.1f %10.1f  %s\n", pool, a / steps[pool], b / steps[pool], \
		c / steps[pool], name | "sort -k 1,1 -k 2,2nr -k 3,3nr"
}

function sum(key) { return count[key, 1] + count[key, 2] + count[key, 3] }

END {
	printf "%-8s %10s %10s %10s  %s\n", "pool", "first", "rest", "background", "function"
	fflush()
	for (key in pool) {
		p = pool[key]
		if (sum(key) * 500 < all[p])
			for (i = 1; i <= 3; i++)
				others[p, i] += count[key, i]
		else
			line(p, count[key, 1], count[key, 2], count[key, 3], substr(key, length(p) + 2))
	}
	for (p in steps) {
		line(p, others[p, 1], others[p, 2], others[p, 3], "(others)")
		line(p, all[p, 1], all[p, 2], all[p, 3], "(all)")
	}
}
