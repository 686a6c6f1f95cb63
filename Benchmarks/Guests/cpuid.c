// Exits for CPUID, nothing between them: without EPT and VPIDs, so that each way empties the TLB.
#include "vmx.h"

EXITS("cpuid", USE_NOTHING, guest_of_cpuid, EXIT_CPUID, 2, 400000)
