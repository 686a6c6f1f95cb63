// Uses of a stale mapping, each of which is seen.
#include "paging.h"

READ_REMAPPED("stale", 0)
