// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/uaccess.h>

#include "pddgpu_uarray.h"

void *pddgpu_uarray_copy(u64 ptr, u32 num, u32 stride, size_t size)
{
	void *array;
	u64 end;
	u32 i;
	int ret;

	if (!num)
		return NULL;
	if (stride < size)
		return ERR_PTR(-EINVAL);
	/* Nor let anyone have us look for zeroes all day. */
	if (stride > PAGE_SIZE)
		return ERR_PTR(-E2BIG);
	if (check_add_overflow(ptr, (u64)num * stride, &end) || end > ULONG_MAX)
		return ERR_PTR(-EFAULT);

	array = kvmalloc_array(num, size, GFP_KERNEL_ACCOUNT);
	if (!array)
		return ERR_PTR(-ENOMEM);

	for (i = 0; i < num; i++) {
		ret = copy_struct_from_user(array + i * size, size,
					    u64_to_user_ptr(ptr + (u64)i * stride), stride);
		if (ret) {
			kvfree(array);
			return ERR_PTR(ret);
		}
	}
	return array;
}
