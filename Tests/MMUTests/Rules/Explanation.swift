import EPTTLB
import MMU

/// What came of an access.
enum Outcome: Equatable {
  case physical(UInt64)
  case pageFault(UInt32)
  case notCanonical
  case violation(guestPhysical: UInt64, qualification: UInt64, linear: UInt64?, suppresses: Bool)
  case misconfiguration(UInt64)
  case logFull

  init(_ result: Translation.Result) {
    switch result {
    case .physical(let address, _): self = .physical(address.value)
    case .pageFault(let code): self = .pageFault(code.rawValue)
    case .notCanonical: self = .notCanonical
    case .exit(.eptMisconfiguration(let guestPhysical)): self = .misconfiguration(guestPhysical)
    case .exit(.modificationLogFull): self = .logFull
    case .exit(.eptViolation(let violation)):
      self = .violation(
        guestPhysical: violation.guestPhysicalAddress, qualification: violation.qualification,
        linear: violation.linearAddress, suppresses: violation.suppressesException)
    }
  }
}

/// The first address of a page of a size.
func firstAddress(of address: UInt64, _ shift: UInt8) -> UInt64 { address & ~(1 << UInt64(shift) - 1) }

/// What the rules let come of an access, from memory as it is and the mappings that may remain.
///
/// A processor may use any of these mappings, walk from any paging-structure-cache entry or from the root, and it may
/// walk though a mapping would serve: all that can come of it is gathered. An *exact* explanation is that of a processor
/// which keeps everything: it uses the oldest translation (rule C5, ours) and starts at the longest prefix, so that one
/// thing only can come of it, and leave only the mappings of `made`.
struct Explanation {
  let controls: PagingControls
  let memoryTypes: MemoryTypes
  let memory: UnsafeRawPointer
  /// Bytes of memory.
  let size: UInt64
  /// Mappings that may remain.
  var known: Mappings
  let isExact: Bool
  /// Nobody accesses anything: what is asked is what may be made with the accessed and dirty flags that are set.
  let isLooking: Bool

  private(set) var outcomes: [Outcome] = []
  /// What is made on the way, in its order.
  private(set) var made: [Mapping] = []
  /// What a walk for a write replaces (rule C2).
  private(set) var replaced: [Mapping] = []
  /// Accessed and dirty flags that walks of EPT have set on the way, by the entry's address.
  private var flagged: [UInt64: UInt64] = [:]
  /// Which of `made` have been replaced in the same walk.
  private var forgotten: Set<Int> = []

  init(
    _ controls: PagingControls, _ memoryTypes: MemoryTypes, _ memory: UnsafeRawPointer, size: UInt64, known: Mappings,
    isExact: Bool, isLooking: Bool = false
  ) {
    (self.controls, self.memoryTypes, self.memory, self.size) = (controls, memoryTypes, memory, size)
    (self.known, self.isExact, self.isLooking) = (known, isExact, isLooking)
  }

  private var kind: MappingKind { controls.ept == nil ? .linear : .combined }

  private mutating func conclude(_ outcome: Outcome) {
    if !outcomes.contains(outcome) { outcomes.append(outcome) }
  }

  private mutating func leave(_ mapping: Mapping) {
    // Of two walks one that finds what the other did is not told from it.
    if !isExact, made.contains(mapping) { return }
    made.append(mapping)
  }

  private func word(_ address: UInt64, bytes: UInt64) -> UInt64 {
    guard address < size else { return bytes == 4 ? 0xFFFF_FFFF : .max }
    let place = memory + Int(address)
    guard bytes == 8 else { return UInt64(place.load(as: UInt32.self)) }
    let value = place.load(as: UInt64.self)
    return flagged.isEmpty ? value : value | flagged[address, default: 0]
  }

  private func servers(_ kind: MappingKind, isStructure: Bool, _ address: UInt64) -> [Mapping] {
    var found: [Mapping] = []
    for mapping in known[kind, isStructure: isStructure]
    where mapping.covers(address) && mapping.mayServe(kind, controls.tag) {
      found.append(mapping)
    }
    // What this very walk has made serves it too.
    for (index, mapping) in made.enumerated()
    where mapping.isStructure == isStructure && mapping.covers(address) && mapping.mayServe(kind, controls.tag) {
      if !forgotten.contains(index) { found.append(mapping) }
    }
    return found
  }

  // MARK: Linear addresses

  /// An access to a linear address that is canonical.
  mutating func explain(_ address: UInt64, _ access: Access) {
    for mapping in servers(kind, isStructure: false, address) {
      guard controls.permits(access, mapping.rights, key: mapping.key) else {
        let code = PageFaultCode(access, controls, violating: mapping.rights, key: mapping.key)
        conclude(.pageFault(code.rawValue))
        if isExact { return }
        continue
      }
      if let ept = controls.ept {
        let need = need(access, ept, isUserAddress: mapping.rights.contains(.user))
        guard mapping.eptRights.isSuperset(of: need) else {
          let information = 3 << 7 | advanced(mapping.rights, ept)
          conclude(
            violation(
              mapping.guestFrame + (address - mapping.prefix), linear: address, access: code(access),
              found: mapping.eptRights, information: information, suppresses: mapping.suppresses))
          if isExact { return }
          continue
        }
      }
      if !access.isWrite || mapping.isDirty {
        conclude(.physical(mapping.physical(address)))
        if isExact { return }
        continue
      }
      if isExact {
        replaced = servers(kind, isStructure: false, address)
        for mapping in replaced { known.remove(mapping) }
        break
      }
    }
    walk(address, access)
  }

  /// What a speculative walk makes for an address.
  mutating func look(_ address: UInt64) { walk(address, Access()) }

  /// Paging structures of a mode, topmost first: address bits below an entry's range, and bits of the index.
  private static func levels(_ mode: PagingMode) -> [UInt8] {
    switch mode {
    case .none: []
    case .twoLevel: [22, 12]
    case .pae: [21, 12]
    case .fourLevel: [39, 30, 21, 12]
    case .fiveLevel: [48, 39, 30, 21, 12]
    }
  }

  private mutating func walk(_ address: UInt64, _ access: Access) {
    guard controls.mode != .none else {
      var page = Mapping(.combined, isStructure: false, address, shift: 30, to: firstAddress(of: address, 30))
      page.isDirty = true
      return reach(page, address, access, typeIndex: nil, path: [])
    }
    let levels = Explanation.levels(controls.mode)
    var starts = servers(kind, isStructure: true, address).filter { levels.contains($0.shift) }
    starts.sort { $0.shift < $1.shift }
    var tried: [Mapping] = []
    for start in starts {
      // Two that say the same are one.
      guard !tried.contains(where: { same($0, start) }), let level = levels.firstIndex(of: start.shift) else {
        continue
      }
      tried.append(start)
      descend(levels, level + 1, start.target, start.rights, address, access, path: [], unaccessed: nil)
      if isExact { return }
    }
    guard controls.mode == .pae else {
      return descend(levels, 0, controls.root, .all, address, access, path: [], unaccessed: nil)
    }
    // Rule C7: the register, whatever memory says.
    let register = controls.pointers[Int(address >> 30 & 3)]
    guard register & 1 == 1 else { return conclude(.pageFault(PageFaultCode(access, controls).rawValue)) }
    descend(levels, 0, register & 0x000F_FFFF_FFFF_F000, .all, address, access, path: [], unaccessed: nil)
  }

  private func same(_ a: Mapping, _ b: Mapping) -> Bool {
    a.shift == b.shift && a.target == b.target && a.rights == b.rights
  }

  /// Reads an entry of the structures under CR3, and those that it leads to.
  ///
  /// - Parameters:
  ///   - path: the paging-structure-cache entries made so far.
  ///   - unaccessed: how many of them may be cached though the walk faults: those before the first whose accessed flag
  ///     is clear.
  private mutating func descend(
    _ levels: [UInt8], _ level: Int, _ table: UInt64, _ rights: Rights, _ address: UInt64, _ access: Access,
    path: [Mapping], unaccessed: Int?
  ) {
    let is32 = controls.mode == .twoLevel
    let index = address >> UInt64(levels[level]) & (is32 ? 1023 : 511)
    let place = table + index * (is32 ? 4 : 8)
    guard let ept = controls.ept else {
      return read(levels, level, place, place, rights, address, access, path: path, unaccessed: unaccessed)
    }
    // Rule C2: with accessed and dirty flags for EPT the read of an entry is a write too.
    let needs: EPTRights = ept.hasFlags ? [.read, .write] : .read
    for located in locate(place, ept, needs: needs, isWrite: ept.hasFlags) {
      switch located {
      case .at(let mapping):
        read(
          levels, level, mapping.physical(place), place, rights, address, access, path: path, unaccessed: unaccessed)
      case .refused, .misconfigured:
        fail(path, unaccessed, exit(located, place, linear: address, access: ept.hasFlags ? 3 : 1, information: 0))
      }
    }
  }

  private mutating func read(
    _ levels: [UInt8], _ level: Int, _ physical: UInt64, _ place: UInt64, _ above: Rights, _ address: UInt64,
    _ access: Access, path: [Mapping], unaccessed: Int?
  ) {
    let is32 = controls.mode == .twoLevel
    let shift = levels[level]
    let entry = word(physical, bytes: is32 ? 4 : 8)
    func bit(_ number: UInt64) -> Bool { entry >> number & 1 == 1 }
    guard bit(0) else { return fail(path, unaccessed, .pageFault(PageFaultCode(access, controls).rawValue)) }
    let isLeaf = shift == 12 || bit(7) && (is32 ? controls.pageSizeExtensions : shift <= 30)
    guard entry & reserved(shift, isLeaf: isLeaf) == 0 else {
      return fail(path, unaccessed, .pageFault(PageFaultCode(access, controls).union([.present, .reserved]).rawValue))
    }
    // Rules C3 and C6: R/W and U/S are and-ed along the path, XD or-ed.
    var rights = above
    if !bit(1) { rights.remove(.write) }
    if !bit(2) { rights.remove(.user) }
    if bit(63) { rights.remove(.execute) }
    if isLooking, !bit(5) { return }
    let key: UInt8 = shift <= 30 && isLeaf && controls.mode.isLong ? UInt8(entry >> 59 & 15) : 0
    if isLeaf, !isLooking, !controls.permits(access, rights, key: key) {
      let code = PageFaultCode(access, controls, violating: rights, key: key)
      return fail(path, unaccessed, .pageFault(code.rawValue))
    }
    let unaccessed = unaccessed ?? (isLeaf || bit(5) ? nil : path.count)
    if let ept = controls.ept, !ept.hasFlags, !isLooking, !bit(5) || isLeaf && access.isWrite && !bit(6) {
      guard maySetFlags(place, ept, address, path, unaccessed) else { return }
    }
    guard isLeaf else {
      var structure = Mapping(kind, isStructure: true, address, shift: shift, to: next(entry))
      (structure.vpid, structure.pcid) = (controls.tag.vpid, controls.tag.pcid)
      structure.ep4ta = kind == .linear ? 0 : controls.tag.ep4ta
      structure.rights = rights
      if isLooking { leave(structure) }
      return descend(
        levels, level + 1, structure.target, rights, address, access, path: path + [structure], unaccessed: unaccessed)
    }
    var page = Mapping(kind, isStructure: false, address, shift: shift, to: frame(entry, shift))
    page.rights = rights
    page.key = key
    page.isGlobal = controls.globalPages && bit(8)
    page.isDirty = bit(6) || access.isWrite
    let index = (bit(shift == 12 ? 7 : 12) ? 4 : 0) | entry >> 3 & 3
    reach(page, address, access, typeIndex: index, path: path, unaccessed: unaccessed)
  }

  /// Whether EPT lets flags be set in a guest's entry; if not, that is an outcome.
  private mutating func maySetFlags(
    _ place: UInt64, _ ept: EPTControls, _ linear: UInt64, _ path: [Mapping], _ unaccessed: Int?
  ) -> Bool {
    var may = false
    for located in locate(place, ept, needs: [.read, .write], isWrite: true) {
      switch located {
      case .at: may = true
      case .refused, .misconfigured:
        fail(path, unaccessed, exit(located, place, linear: linear, access: 3, information: 0))
      }
    }
    return may
  }

  private func next(_ entry: UInt64) -> UInt64 {
    entry & (controls.mode == .twoLevel ? 0xFFFF_F000 : 0x000F_FFFF_FFFF_F000)
  }

  private func frame(_ entry: UInt64, _ shift: UInt8) -> UInt64 {
    if shift == 22 { return entry & 0xFFC0_0000 | (entry >> 13 & 0xFF) << 32 }
    return firstAddress(of: next(entry), shift)
  }

  /// Bits that must be 0 in an entry.
  private func reserved(_ shift: UInt8, isLeaf: Bool) -> UInt64 {
    func ones(_ high: UInt64, _ low: UInt64) -> UInt64 { high < low ? 0 : ~0 >> (63 - high) & ~0 << low }
    let width = UInt64(controls.physicalBits)
    guard controls.mode != .twoLevel else {
      return shift == 22 && isLeaf ? ones(21, max(min(width, 40), 32) - 19) : 0
    }
    var bits = ones(51, width)
    if controls.mode == .pae { bits |= ones(62, 52) }
    if !controls.executeDisable { bits |= ones(63, 63) }
    if isLeaf, shift > 12 { return bits | ones(UInt64(shift) - 1, 13) }
    return shift >= 39 || shift == 30 && !isLeaf ? bits | ones(7, 7) : bits
  }

  /// Guest paging maps the page: EPT, if there is one, says where it lies.
  private mutating func reach(
    _ found: Mapping, _ address: UInt64, _ access: Access, typeIndex: UInt64?, path: [Mapping], unaccessed: Int? = nil
  ) {
    var page = found
    (page.vpid, page.pcid) = (controls.tag.vpid, controls.tag.pcid)
    let pageType = typeIndex.map { MemoryType(rawValue: UInt8(memoryTypes.pat >> ($0 * 8) & 7)) ?? .uncacheable }
    guard let ept = controls.ept else {
      let range = memoryTypes.ranges.memoryType(ofPage: page.target, shift: page.shift)
      page.memoryType = MemoryType.effective(range, pageType ?? .writeBack).rawValue
      return succeed(page, address, path)
    }
    let guestPhysical = page.physical(address)
    let isUserAddress = page.rights.contains(.user)
    let need = isLooking ? [] : need(access, ept, isUserAddress: isUserAddress)
    for located in locate(guestPhysical, ept, needs: need, isWrite: access.isWrite) {
      guard case .at(let place) = located else {
        let information = 1 << 8 | advanced(page.rights, ept)
        fail(
          path, unaccessed,
          exit(located, guestPhysical, linear: address, access: code(access), information: information))
        continue
      }
      // Rule C5: for the smaller of the two pages.
      let shift = min(page.shift, place.shift)
      var combined = Mapping(.combined, isStructure: false, address, shift: shift, to: 0)
      combined.target = firstAddress(of: place.physical(guestPhysical), shift)
      combined.guestFrame = firstAddress(of: guestPhysical, shift)
      (combined.vpid, combined.pcid, combined.ep4ta) = (page.vpid, page.pcid, controls.tag.ep4ta)
      (combined.rights, combined.key, combined.isGlobal) = (page.rights, page.key, page.isGlobal)
      (combined.eptRights, combined.suppresses) = (place.eptRights, place.suppresses)
      combined.isDirty = page.isDirty && place.isDirty
      if controls.mode != .none { combined.pageShift = max(shift, page.shift) }
      // Rule C6: the EPT leaf's type, and the PAT's unless that says ignore.
      let type = MemoryType(rawValue: place.memoryType & 7) ?? .uncacheable
      combined.memoryType = type.rawValue
      if place.memoryType & 8 == 0, let pageType {
        combined.memoryType = MemoryType.effective(type, pageType).rawValue
      }
      succeed(combined, address, path)
    }
  }

  private mutating func succeed(_ page: Mapping, _ address: UInt64, _ path: [Mapping]) {
    for structure in path { leave(structure) }
    leave(page)
    conclude(.physical(page.physical(address)))
  }

  private mutating func fail(_ path: [Mapping], _ unaccessed: Int?, _ outcome: Outcome) {
    for structure in path.prefix(unaccessed ?? path.count) { leave(structure) }
    conclude(outcome)
  }

  // MARK: Guest-physical addresses

  /// Where a guest-physical address may lie.
  private enum Located: Equatable {
    case at(Mapping)
    case refused(EPTRights, suppresses: Bool)
    case misconfigured
  }

  /// An access of the processor itself to a guest-physical address: a load of PDPTEs, a read alone (rule C2).
  mutating func explainPointerLoad(_ guestPhysical: UInt64) {
    guard let ept = controls.ept else { return conclude(.physical(guestPhysical)) }
    for located in locate(guestPhysical, ept, needs: .read, isWrite: false) {
      switch located {
      case .at(let mapping): conclude(.physical(mapping.physical(guestPhysical)))
      case .misconfigured: conclude(.misconfiguration(guestPhysical))
      case .refused(let rights, let suppresses):
        let found = UInt64(rights.rawValue & 7) << 3 | userExecute(rights, ept)
        conclude(
          .violation(guestPhysical: guestPhysical, qualification: 1 | found, linear: nil, suppresses: suppresses))
      }
    }
  }

  /// What a speculative walk makes for a guest-physical address.
  mutating func lookGuestPhysical(_ guestPhysical: UInt64) {
    if let ept = controls.ept { _ = locate(guestPhysical, ept, needs: [], isWrite: false) }
  }

  private mutating func locate(
    _ guestPhysical: UInt64, _ ept: EPTControls, needs: EPTRights, isWrite: Bool
  ) -> [Located] {
    var places: [Located] = []
    func add(_ located: Located) { if !places.contains(located) { places.append(located) } }
    for mapping in servers(.guestPhysical, isStructure: false, guestPhysical) {
      if !mapping.eptRights.isSuperset(of: needs) {
        add(.refused(mapping.eptRights, suppresses: mapping.suppresses))
      } else if !isWrite || mapping.isDirty {
        add(.at(mapping))
      } else if isExact {
        let old = servers(.guestPhysical, isStructure: false, guestPhysical)
        replaced += old
        for mapping in old { known.remove(mapping) }
        forgotten.formUnion(made.indices.filter { old.contains(made[$0]) })
        break
      }
      if isExact, !places.isEmpty { return places }
    }
    var starts = servers(.guestPhysical, isStructure: true, guestPhysical)
    starts.sort { $0.shift < $1.shift }
    var tried: [Mapping] = []
    for start in starts {
      guard !tried.contains(where: { same($0, start) && $0.eptRights == start.eptRights }) else { continue }
      tried.append(start)
      if let located = walkEPT(guestPhysical, ept, needs, isWrite, start) { add(located) }
      if isExact { return places }
    }
    if let located = walkEPT(guestPhysical, ept, needs, isWrite, nil) { add(located) }
    return places
  }

  private mutating func walkEPT(
    _ guestPhysical: UInt64, _ ept: EPTControls, _ needs: EPTRights, _ isWrite: Bool, _ start: Mapping?
  ) -> Located? {
    var table = start?.target ?? ept.pointer & 0x000F_FFFF_FFFF_F000
    var rights = start?.eptRights ?? .all
    var shift: UInt8 = start.map { $0.shift - 9 } ?? (ept.pointer >> 3 & 7 == 4 ? 48 : 39)
    var path: [Mapping] = []
    var places: [UInt64] = []
    var unaccessed: Int?
    func cut() -> ArraySlice<Mapping> { path.prefix(unaccessed ?? path.count) }
    while true {
      places.append(table + (guestPhysical >> UInt64(shift) & 511) * 8)
      let entry = word(places[places.count - 1], bytes: 8)
      func bit(_ number: UInt64) -> Bool { entry >> number & 1 == 1 }
      var own = EPTRights(rawValue: UInt8(entry & 7))
      if bit(ept.modeBasedExecute ? 10 : 2) { own.insert(.userExecute) }
      let isLeaf = shift == 12 || shift <= 30 && bit(7)
      guard !own.isEmpty else {
        for structure in cut() { leave(structure) }
        return .refused([], suppresses: bit(63))
      }
      guard isConfigured(entry, own, shift, isLeaf: isLeaf) else {
        for structure in cut() { leave(structure) }
        return .misconfigured
      }
      if isLooking, ept.hasFlags, !bit(8) { return nil }
      rights.formIntersection(own)
      if isLeaf, !rights.isSuperset(of: needs) {
        for structure in cut() { leave(structure) }
        return .refused(rights, suppresses: bit(63))
      }
      if ept.hasFlags, !isLeaf, !bit(8) { unaccessed = unaccessed ?? path.count }
      let target = firstAddress(of: entry & 0x000F_FFFF_FFFF_F000, isLeaf ? shift : 12)
      var mapping = Mapping(.guestPhysical, isStructure: !isLeaf, guestPhysical, shift: shift, to: target)
      mapping.ep4ta = controls.tag.ep4ta
      mapping.eptRights = rights
      path.append(mapping)
      if isLooking, !isLeaf { leave(mapping) }
      if isLeaf {
        path[path.count - 1].suppresses = bit(63)
        path[path.count - 1].isDirty = !ept.hasFlags || bit(9) || isWrite && !isLooking
        path[path.count - 1].memoryType = UInt8(entry >> 3 & 15)
        if isLooking, isWrite, !path[path.count - 1].isDirty { return nil }
        for made in path { leave(made) }
        if isExact, ept.hasFlags {
          for place in places { flagged[place, default: 0] |= 1 << 8 }
          if isWrite { flagged[places[places.count - 1], default: 0] |= 1 << 9 }
        }
        return .at(path[path.count - 1])
      }
      table = target
      shift -= 9
    }
  }

  /// Whether a present EPT entry is as it must be ("EPT Misconfigurations").
  private func isConfigured(_ entry: UInt64, _ rights: EPTRights, _ shift: UInt8, isLeaf: Bool) -> Bool {
    func bits(_ high: UInt64, _ low: UInt64) -> UInt64 { entry & (~0 >> (63 - high) & ~0 << low) }
    if rights.contains(.write), !rights.contains(.read) { return false }
    guard bits(51, UInt64(controls.physicalBits)) == 0 else { return false }
    guard isLeaf else { return shift >= 39 ? bits(7, 3) == 0 : bits(6, 3) == 0 }
    if shift > 12, bits(UInt64(shift) - 1, 12) != 0 { return false }
    return ![2, 3, 7].contains(entry >> 3 & 7)
  }

  // MARK: Exit qualifications

  private func need(_ access: Access, _ ept: EPTControls, isUserAddress: Bool) -> EPTRights {
    if access.isFetch { return ept.modeBasedExecute && isUserAddress ? .userExecute : .execute }
    return access.isWrite ? .write : .read
  }

  private func code(_ access: Access) -> UInt64 { access.isFetch ? 4 : access.isWrite ? 2 : 1 }

  private func userExecute(_ rights: EPTRights, _ ept: EPTControls) -> UInt64 {
    ept.modeBasedExecute && rights.contains(.userExecute) ? 1 << 6 : 0
  }

  private func advanced(_ rights: Rights, _ ept: EPTControls) -> UInt64 {
    guard ept.advancedInformation else { return 0 }
    return (rights.contains(.user) ? 1 << 9 : 0) | (rights.contains(.write) ? 1 << 10 : 0)
      | (rights.contains(.execute) ? 0 : 1 << 11)
  }

  private func violation(
    _ guestPhysical: UInt64, linear: UInt64, access: UInt64, found: EPTRights, information: UInt64, suppresses: Bool
  ) -> Outcome {
    let ept = controls.ept ?? EPTControls(pointer: 0)
    let rights = UInt64(found.rawValue & 7) << 3 | userExecute(found, ept)
    return .violation(
      guestPhysical: guestPhysical, qualification: access | rights | 1 << 7 | information, linear: linear,
      suppresses: suppresses)
  }

  private func exit(
    _ located: Located, _ guestPhysical: UInt64, linear: UInt64, access: UInt64, information: UInt64
  ) -> Outcome {
    guard case .refused(let rights, let suppresses) = located else { return .misconfiguration(guestPhysical) }
    return violation(
      guestPhysical, linear: linear, access: access, found: rights, information: information, suppresses: suppresses)
  }
}
