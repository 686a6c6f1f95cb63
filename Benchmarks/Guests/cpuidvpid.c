// Exits for CPUID, nothing between them: with a VPID, without EPT.
#include "vmx.h"

EXITS("cpuidvpid", USE_VPID, guest_of_cpuid, EXIT_CPUID, 2, 400000)
