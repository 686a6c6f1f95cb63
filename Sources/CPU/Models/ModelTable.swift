/// The CPU models, by the names Bochs gives them: a row a model.
///
/// - `name`: on the command line.
/// - `leaves`: which of `CPUIDTable`'s tables holds its CPUID.
/// - `timing`: the timing table it has unless another one is asked for.
/// - `part`: the processor it is.
enum ModelTable {
  static let text: StaticString = """
    name                       leaves       timing       part
    core2_penryn_t9600         penryn       core2        Intel Core 2 Duo T9600 (Penryn)
    corei7_sandy_bridge_2600k  sandyBridge  sandybridge  Intel Core i7-2600K (Sandy Bridge)
    corei7_haswell_4770        haswell      haswell      Intel Core i7-4770 (Haswell)
    corei7_skylake_x           skylakeX     skylake      Intel Core i7-7800X (Skylake-X)
    corei7_icelake_u           iceLakeU     skylake      Intel Core i7-1065G7 (Ice Lake-U)
    max                        max          unit         all that is built
    """
}

/// CPUID by model: what the part itself answers, a row a leaf or subleaf, `-` where ECX does not matter (SDM Vol. 2A,
/// "CPUID—CPU Identification"). Leaves that a table does not have are zero. What depends on the machine or on control
/// registers is computed over these values, and what is not built is masked (`FeatureTable`).
enum CPUIDTable {
  /// A model's table, by its name in `ModelTable`.
  static func text(_ name: String) -> StaticString? {
    switch name {
    case "penryn": penryn
    case "sandyBridge": sandyBridge
    case "haswell": haswell
    case "skylakeX": skylakeX
    case "iceLakeU": iceLakeU
    case "max": max
    default: nil
    }
  }
}

/// Registers of CPUID that mean nothing without a feature: zero unless the model has it.
enum CPUIDDependencyTable {
  static let text: StaticString = """
    leaf  register  needs    section
    5     *         MONITOR  Monitor/Mwait Address Range Determination
    6     EBX       DTS      Thermal Monitoring and Protection
    A     *         PDCM     Architectural Performance Monitoring
    D     *         XSAVE    Enumeration of CPU Support for XSAVE Instructions and XSAVE-Supported Features
    F     *         RDT-M    Intel Resource Director Technology (Intel RDT) Monitoring Features
    10    *         RDT-A    Intel Resource Director Technology (Intel RDT) Allocation Features
    12    *         SGX      Intel Software Guard Extensions
    14    *         PT       Intel Processor Trace
    """
}
