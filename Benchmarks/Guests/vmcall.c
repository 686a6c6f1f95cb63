// Exits for VMCALL, nothing between them: with EPT and a VPID.
#include "vmx.h"

EXITS("vmcall", USE_EPT | USE_VPID, guest_of_vmcall, EXIT_VMCALL, 3, 400000)
