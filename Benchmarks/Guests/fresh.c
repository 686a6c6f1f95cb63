// The same reads, ten times as many, by a mapping that is not stale.
#include "paging.h"

READ_REMAPPED("fresh", 1)
