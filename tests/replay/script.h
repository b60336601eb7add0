/* Runs one scenario (README.md). */
#pragma once

/* 0: every expectation was met; 1: not, told on standard error as file:line. */
int script_run(const char *path);
