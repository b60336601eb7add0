/* placeholder during bring-up */ typedef int placeholder_cache;
