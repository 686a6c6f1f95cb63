// The same stores, to memory that is no table.
#include "paging.h"

STORE_TO("plain", (volatile uint64_t *)((uint64_t)REUSED << 21))
