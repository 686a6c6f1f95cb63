import EPTTLB
import MMU

/// A mapping as the model keeps it: what decides its use, its end, and whether it may have been made at all.
struct Mapping: Equatable {
  var kind: MappingKind
  var isStructure: Bool
  var shift: UInt8
  var vpid: UInt16 = 0
  var pcid: UInt16 = 0
  var ep4ta: UInt64 = 0
  var prefix: UInt64
  var target: UInt64
  var rights = Rights.all
  var eptRights = EPTRights.all
  var isGlobal = false
  var isDirty = false
  var memoryType: UInt8 = 0
  var key: UInt8 = 0
  var guestFrame: UInt64 = 0
  /// Address bits below the page that guest paging maps, when EPT maps it in smaller pieces (rule C5).
  var pageShift: UInt8
  /// Of a translation through EPT, bit 63 of the entry that maps its page ("Convertible EPT Violations").
  var suppresses = true

  init(_ kind: MappingKind, isStructure: Bool, _ address: UInt64, shift: UInt8, to target: UInt64) {
    (self.kind, self.isStructure, self.shift, self.target) = (kind, isStructure, shift, target)
    prefix = firstAddress(of: address, shift)
    pageShift = shift
  }

  /// What the emulator says that it has cached; nothing that its kind does not have.
  init(_ entry: CachedEntry) {
    (kind, isStructure, shift) = (entry.kind, entry.isStructure, entry.shift)
    (prefix, target, isGlobal) = (entry.prefix, entry.target, entry.isGlobal)
    (vpid, pcid, ep4ta) = (entry.tag.vpid, entry.tag.pcid, entry.tag.ep4ta)
    pageShift = entry.pageShift
    if kind != .guestPhysical { rights = entry.rights }
    if kind == .guestPhysical || kind == .combined && !isStructure { eptRights = entry.eptRights }
    guard !isStructure else { return }
    (isDirty, memoryType) = (entry.isDirty, entry.memoryType)
    guard kind != .guestPhysical else { return }
    key = entry.protectionKey
    if kind == .combined { guestFrame = entry.guestFrame }
  }

  /// Whether it is for an address.
  func covers(_ address: UInt64) -> Bool { address >> UInt64(shift) == prefix >> UInt64(shift) }

  /// Whether the page that it is of, or a piece of, is an address's.
  func isOfPage(_ address: UInt64) -> Bool {
    let shift = UInt64(max(shift, pageShift))
    return address >> shift == prefix >> shift
  }

  func physical(_ address: UInt64) -> UInt64 { target + (address - prefix) }

  var isOfLinear: Bool { kind == .linear || kind == .combined }

  /// Rules U1 and U2: whether it may be used for what is looked for under a tag.
  func mayServe(_ wanted: MappingKind, _ tag: Tag) -> Bool {
    guard kind == wanted else { return false }
    switch kind {
    case .guestPhysical: return ep4ta == tag.ep4ta
    case .linear: return vpid == tag.vpid && (pcid == tag.pcid || isGlobal)
    case .combined: return vpid == tag.vpid && ep4ta == tag.ep4ta && (pcid == tag.pcid || isGlobal)
    }
  }
}

extension Mapping: CustomStringConvertible {
  var description: String {
    let what = isStructure ? "structure" : isGlobal ? "global translation" : "translation"
    func hex(_ value: UInt64) -> String { String(value, radix: 16) }
    return "\(kind) \(what) \(hex(prefix))/\(shift) -> \(hex(target)), "
      + "VPID \(vpid), PCID \(pcid), EP4TA \(hex(ep4ta)), "
      + "rights \(rights.rawValue) \(eptRights.rawValue), dirty \(isDirty), type \(memoryType), key \(key), "
      + "guest frame \(hex(guestFrame)), page \(pageShift)"
  }
}

/// Mappings, each kind's translations and paging-structure-cache entries apart, oldest first.
struct Mappings {
  private var lists = [[Mapping]](repeating: [], count: 6)

  private static func index(_ kind: MappingKind, isStructure: Bool) -> Int {
    Int(kind.rawValue) * 2 + (isStructure ? 1 : 0)
  }

  subscript(kind: MappingKind, isStructure isStructure: Bool) -> [Mapping] {
    lists[Mappings.index(kind, isStructure: isStructure)]
  }

  mutating func append(_ mapping: Mapping) {
    lists[Mappings.index(mapping.kind, isStructure: mapping.isStructure)].append(mapping)
  }

  mutating func remove(_ mapping: Mapping) {
    let index = Mappings.index(mapping.kind, isStructure: mapping.isStructure)
    // Of equal ones the oldest: they serve alike.
    if let first = lists[index].firstIndex(of: mapping) { lists[index].remove(at: first) }
  }

  func first(where condition: (Mapping) -> Bool) -> Mapping? {
    for list in lists { if let found = list.first(where: condition) { return found } }
    return nil
  }
}

/// What invalidates, with its operands: the rows of TLB rules, section I.
enum Event: Equatable {
  case invlpg(UInt64, vpid: UInt16, pcid: UInt16)
  case invpcidAddress(UInt64, vpid: UInt16, pcid: UInt16)
  case invpcidContext(vpid: UInt16, pcid: UInt16)
  case invpcidAll(vpid: UInt16, withGlobal: Bool)
  case movToCR3(vpid: UInt16, pcid: UInt16)
  case pagingMode(vpid: UInt16)
  case smep(vpid: UInt16, pcid: UInt16)
  case memoryTypeRanges(vpid: UInt16)
  case pageFault(UInt64, vpid: UInt16, pcid: UInt16)
  case eptViolation(UInt64, linear: UInt64?, Tag)
  case transitionWithoutVPID
  case invvpidAddress(UInt64, vpid: UInt16)
  case invvpidContext(vpid: UInt16)
  case invvpidAll
  case invvpidRetainingGlobals(vpid: UInt16)
  case inveptContext(ep4ta: UInt64)
  case inveptAll
  case taskSwitch(vpid: UInt16)
  case reset
  /// What invalidates nothing.
  case nothing

  /// Its name in the rules.
  var name: String {
    switch self {
    case .invlpg: "INVLPG"
    case .invpcidAddress: "INVPCID 0"
    case .invpcidContext: "INVPCID 1"
    case .invpcidAll(_, let withGlobal): withGlobal ? "INVPCID 2" : "INVPCID 3"
    case .movToCR3: "MOV to CR3"
    case .pagingMode: "paging mode"
    case .smep: "SMEP"
    case .memoryTypeRanges: "MTRR"
    case .pageFault: "#PF"
    case .eptViolation: "EPT violation"
    case .transitionWithoutVPID: "VM entry or exit"
    case .invvpidAddress: "INVVPID 0"
    case .invvpidContext: "INVVPID 1"
    case .invvpidAll: "INVVPID 2"
    case .invvpidRetainingGlobals: "INVVPID 3"
    case .inveptContext: "INVEPT 1"
    case .inveptAll: "INVEPT 2"
    case .taskSwitch: "task switch"
    case .reset: "RESET"
    case .nothing: "nothing"
    }
  }

  /// Whether a mapping must have gone when it is over: the table of section I, a row a case.
  func ends(_ m: Mapping) -> Bool {
    switch self {
    case .invlpg(let address, let vpid, let pcid):
      guard m.isOfLinear, m.vpid == vpid else { return false }
      if m.isStructure { return m.pcid == pcid }
      return m.isOfPage(address) && (m.pcid == pcid || m.isGlobal)
    case .invpcidAddress(let address, let vpid, let pcid):
      guard m.isOfLinear, m.vpid == vpid, m.pcid == pcid, !m.isGlobal else { return false }
      return m.isStructure ? m.covers(address) : m.isOfPage(address)
    case .invpcidContext(let vpid, let pcid), .movToCR3(let vpid, let pcid):
      return m.isOfLinear && m.vpid == vpid && m.pcid == pcid && !m.isGlobal
    case .taskSwitch(let vpid): return m.isOfLinear && m.vpid == vpid && m.pcid == 0 && !m.isGlobal
    case .invpcidAll(let vpid, let withGlobal): return m.isOfLinear && m.vpid == vpid && (withGlobal || !m.isGlobal)
    case .pagingMode(let vpid), .memoryTypeRanges(let vpid), .invvpidContext(let vpid):
      return m.isOfLinear && m.vpid == vpid
    case .smep(let vpid, let pcid): return m.isOfLinear && m.vpid == vpid && (m.pcid == pcid || m.isGlobal)
    case .pageFault(let address, let vpid, let pcid):
      return m.isOfLinear && m.vpid == vpid && m.covers(address) && (m.pcid == pcid || m.isGlobal)
    case .eptViolation(let guestPhysical, let linear, let tag):
      guard m.kind != .guestPhysical else { return m.ep4ta == tag.ep4ta && m.covers(guestPhysical) }
      guard m.kind == .combined, let linear else { return false }
      return m.mayServe(.combined, tag) && m.covers(linear)
    case .transitionWithoutVPID: return m.isOfLinear && m.vpid == 0
    case .invvpidAddress(let address, let vpid):
      guard m.isOfLinear, m.vpid == vpid else { return false }
      return m.isStructure ? m.covers(address) : m.isOfPage(address)
    case .invvpidAll: return m.isOfLinear && m.vpid != 0
    case .invvpidRetainingGlobals(let vpid): return m.isOfLinear && m.vpid == vpid && !m.isGlobal
    case .inveptContext(let ep4ta): return m.kind != .linear && m.ep4ta == ep4ta
    case .inveptAll: return m.kind != .linear
    case .reset: return true
    case .nothing: return false
    }
  }
}
