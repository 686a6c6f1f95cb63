// 512 pages read between exits: a VPID, no EPT.
#include "vmx.h"

EXITS("pages", USE_VPID, guest_of_pages, EXIT_VMCALL, 3, 16000)
