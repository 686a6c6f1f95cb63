// 512 pages read between exits: EPT and a VPID.
#include "vmx.h"

EXITS("eptpages", USE_EPT | USE_VPID, guest_of_pages, EXIT_VMCALL, 3, 8000)
