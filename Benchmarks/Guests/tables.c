// Stores to a page-table entry that a live mapping came from.
#include "paging.h"

STORE_TO("tables", page_directory + 0)
