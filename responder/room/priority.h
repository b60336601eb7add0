/* Whose turn it is on a processor that several rooms want (sched(7); doc/faults.md rows 23, 29). */
#pragma once

/* Takes what the other rooms leave. */
void priority_yield(int niceness);
/* Short turns, which the kernel gives sooner (since Linux 6.12; before it they are as long as everybody's): for a room
 * whose events cost microseconds each while its neighbours sign for a millisecond. */
void priority_prompt(void);
