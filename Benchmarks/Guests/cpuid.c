// Exits for CPUID, nothing between them: without EPT and VPIDs.
#include "vmx.h"

EXITS("cpuid", USE_NOTHING, guest_of_cpuid, EXIT_CPUID, 2, 400000)
