/* A file for the tests of one program, made and removed by cmocka's group fixtures. */
#pragma once

#include "unit.h"

#include "base/bytes.h"

#include <stdio.h>
#include <unistd.h>

static char path[] = "/tmp/stillgood-test-XXXXXX";

static void put_file(struct view bytes)
{
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
	assert_int_equal(fclose(file), 0);
}

static int make_file(void **state)
{
	(void)state;
	int fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}
