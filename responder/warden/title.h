/* What `ps` prints for the warden, which was not started under its name. */
#pragma once

/* Overwrites the arguments, so copy what is needed of them first. The environment is moved away if
 * the title is longer than they are. Without memory nothing changes. */
void title_set(int argc, char **argv, const char *title);
