import Tables

/// The bits of CR4, a row a bit (SDM Vol. 3, "Control Registers"). A bit without a row is reserved.
///
/// - `needs`: the feature without which the bit is reserved.
/// - `built`: `yes`; `feature`, it may be set in a model that has the feature, and what a part has and is not built is
///   refused by name; or `absent`, the bit is reserved, because CPUID does not offer the feature and guests find that out
///   by setting it.
enum ControlBitTable {
  static let text: StaticString = """
    bit  name        needs     built    section
    0    VME         VME       feature  Virtual-8086 Mode Extensions
    1    PVI         VME       feature  Protected-Mode Virtual Interrupts
    2    TSD         TSC       yes      Time-Stamp Counter
    3    DE          DE        yes      Debug Registers DR4 and DR5
    4    PSE         PSE       feature  32-Bit Paging
    5    PAE         PAE       feature  PAE Paging
    6    MCE         MCE       yes      Machine-Check Architecture
    7    PGE         PGE       feature  Global Pages
    8    PCE         -         yes      RDPMC—Read Performance-Monitoring Counters
    9    OSFXSR      FXSR      feature  FXSAVE—Save x87 FPU, MMX Technology, and SSE State
    10   OSXMMEXCPT  SSE       yes      Handling SIMD Floating-Point Exceptions in Software
    11   UMIP        UMIP      feature  User-Mode Instruction Prevention
    12   LA57        LA57      feature  4-Level Paging and 5-Level Paging
    13   VMXE        VMX       feature  Enabling and Entering VMX Operation
    14   SMXE        SMX       absent   Safer Mode Extensions Reference
    16   FSGSBASE    FSGSBASE  feature  RDFSBASE/RDGSBASE—Read FS/GS Segment Base
    17   PCIDE       PCID      feature  Process-Context Identifiers (PCIDs)
    18   OSXSAVE     XSAVE     feature  Enabling the XSAVE Feature Set
    20   SMEP        SMEP      feature  Determination of Access Rights
    21   SMAP        SMAP      feature  Determination of Access Rights
    22   PKE         PKU       feature  Protection Keys
    23   CET         CET_SS    feature  Control-Flow Enforcement Technology
    24   PKS         PKS       feature  Protection Keys
    """

  /// The bits that may be set, and those that are refused by name; all others are reserved.
  ///
  /// - Parameters:
  ///   - partHas: whether the part has a feature.
  ///   - has: whether the model has it, built.
  static func bits(
    partHas: (String) -> Bool, has: (String) -> Bool
  ) throws(TableError) -> (allowed: UInt64, refused: UInt64) {
    var allowed: UInt64 = 0
    var refused: UInt64 = 0
    for row in try Table("control bits", text).rows {
      guard let bit = UInt64(row["bit"]), bit < 32 else { throw row.error("bit", "'\(row["bit"])' is not 0 to 31") }
      guard ["yes", "feature", "absent"].contains(row["built"]) else {
        throw row.error("built", "'\(row["built"])' is neither yes, feature nor absent")
      }
      guard row["needs"].isEmpty || partHas(row["needs"]) else { continue }
      guard row["built"] != "absent" else { continue }
      if row["built"] == "yes" || has(row["needs"]) { allowed |= 1 << bit } else { refused |= 1 << bit }
    }
    return (allowed, refused)
  }
}
