/// The opcode map as text, one row an encoding, in the notation of the SDM's appendix "Opcode Map".
///
/// - `opcode`: bytes in hexadecimal; `/n` a ModRM.reg digit; `+r` a register in the low three bits; `+c` a condition in
///   the low four; a mandatory prefix stands first (`F3 0F B8`); `NP`, no such prefix. `/n!m`, reg n and rm m with
///   mod = 3, as VMCALL has it.
/// - `operands`: E, G, M, R, Z (register in the opcode), I, J, O, AL, rAX, DX, CL, 1; sizes b, w, d, q, v, z, y; `Ibs`
///   is a sign-extended byte.
///   Of `VectorOpcodeTable`: V, W, U are XMM registers in reg, in rm or memory, in rm only; P, Q, N are MMX registers in
///   the same places; ST, an x87 register; `(rDI)`, memory at rDI. Their widths are those of the memory operand or of the
///   general register. `NP!`: not even 66h may stand before it.
/// - `shape`: which execute function runs it (Shape); `refused`, it is decoded and refused by name.
/// - `widths`: operand sizes it is built for.
/// - `modes`: `all`, `64` (64-bit mode only) or `legacy` (not in 64-bit mode).
/// - `attributes`: `lock` (LOCK allowed), `ends` (ends its block), `d64` (64-bit operands by default in 64-bit mode),
///   `as=NAME` (the handler's name where it is not the mnemonic's).
/// - `timing`: the class of the timing tables.
/// - `section`: the manual's title.
enum OpcodeTable {
  static let text: StaticString = """
    opcode       mnemonic   operands    shape        widths    modes   attributes             timing   section

    # Integer arithmetic and logic
    00           ADD        Eb,Gb       binary       8         all     lock                   simple   ADD—Add
    01           ADD        Ev,Gv       binary       16,32,64  all     lock                   simple   ADD—Add
    02           ADD        Gb,Eb       binary       8         all     -                      simple   ADD—Add
    03           ADD        Gv,Ev       binary       16,32,64  all     -                      simple   ADD—Add
    04           ADD        AL,Ib       binary       8         all     -                      simple   ADD—Add
    05           ADD        rAX,Iz      binary       16,32,64  all     -                      simple   ADD—Add
    08           OR         Eb,Gb       binary       8         all     lock                   simple   OR—Logical Inclusive OR
    09           OR         Ev,Gv       binary       16,32,64  all     lock                   simple   OR—Logical Inclusive OR
    0A           OR         Gb,Eb       binary       8         all     -                      simple   OR—Logical Inclusive OR
    0B           OR         Gv,Ev       binary       16,32,64  all     -                      simple   OR—Logical Inclusive OR
    0C           OR         AL,Ib       binary       8         all     -                      simple   OR—Logical Inclusive OR
    0D           OR         rAX,Iz      binary       16,32,64  all     -                      simple   OR—Logical Inclusive OR
    10           ADC        Eb,Gb       binary       8         all     lock                   simple   ADC—Add With Carry
    11           ADC        Ev,Gv       binary       16,32,64  all     lock                   simple   ADC—Add With Carry
    12           ADC        Gb,Eb       binary       8         all     -                      simple   ADC—Add With Carry
    13           ADC        Gv,Ev       binary       16,32,64  all     -                      simple   ADC—Add With Carry
    14           ADC        AL,Ib       binary       8         all     -                      simple   ADC—Add With Carry
    15           ADC        rAX,Iz      binary       16,32,64  all     -                      simple   ADC—Add With Carry
    18           SBB        Eb,Gb       binary       8         all     lock                   simple   SBB—Integer Subtraction With Borrow
    19           SBB        Ev,Gv       binary       16,32,64  all     lock                   simple   SBB—Integer Subtraction With Borrow
    1A           SBB        Gb,Eb       binary       8         all     -                      simple   SBB—Integer Subtraction With Borrow
    1B           SBB        Gv,Ev       binary       16,32,64  all     -                      simple   SBB—Integer Subtraction With Borrow
    1C           SBB        AL,Ib       binary       8         all     -                      simple   SBB—Integer Subtraction With Borrow
    1D           SBB        rAX,Iz      binary       16,32,64  all     -                      simple   SBB—Integer Subtraction With Borrow
    20           AND        Eb,Gb       binary       8         all     lock                   simple   AND—Logical AND
    21           AND        Ev,Gv       binary       16,32,64  all     lock                   simple   AND—Logical AND
    22           AND        Gb,Eb       binary       8         all     -                      simple   AND—Logical AND
    23           AND        Gv,Ev       binary       16,32,64  all     -                      simple   AND—Logical AND
    24           AND        AL,Ib       binary       8         all     -                      simple   AND—Logical AND
    25           AND        rAX,Iz      binary       16,32,64  all     -                      simple   AND—Logical AND
    28           SUB        Eb,Gb       binary       8         all     lock                   simple   SUB—Subtract
    29           SUB        Ev,Gv       binary       16,32,64  all     lock                   simple   SUB—Subtract
    2A           SUB        Gb,Eb       binary       8         all     -                      simple   SUB—Subtract
    2B           SUB        Gv,Ev       binary       16,32,64  all     -                      simple   SUB—Subtract
    2C           SUB        AL,Ib       binary       8         all     -                      simple   SUB—Subtract
    2D           SUB        rAX,Iz      binary       16,32,64  all     -                      simple   SUB—Subtract
    30           XOR        Eb,Gb       binary       8         all     lock                   simple   XOR—Logical Exclusive OR
    31           XOR        Ev,Gv       binary       16,32,64  all     lock                   simple   XOR—Logical Exclusive OR
    32           XOR        Gb,Eb       binary       8         all     -                      simple   XOR—Logical Exclusive OR
    33           XOR        Gv,Ev       binary       16,32,64  all     -                      simple   XOR—Logical Exclusive OR
    34           XOR        AL,Ib       binary       8         all     -                      simple   XOR—Logical Exclusive OR
    35           XOR        rAX,Iz      binary       16,32,64  all     -                      simple   XOR—Logical Exclusive OR
    38           CMP        Eb,Gb       compare      8         all     -                      simple   CMP—Compare Two Operands
    39           CMP        Ev,Gv       compare      16,32,64  all     -                      simple   CMP—Compare Two Operands
    3A           CMP        Gb,Eb       compare      8         all     -                      simple   CMP—Compare Two Operands
    3B           CMP        Gv,Ev       compare      16,32,64  all     -                      simple   CMP—Compare Two Operands
    3C           CMP        AL,Ib       compare      8         all     -                      simple   CMP—Compare Two Operands
    3D           CMP        rAX,Iz      compare      16,32,64  all     -                      simple   CMP—Compare Two Operands
    80 /0        ADD        Eb,Ib       binary       8         all     lock                   simple   ADD—Add
    80 /1        OR         Eb,Ib       binary       8         all     lock                   simple   OR—Logical Inclusive OR
    80 /2        ADC        Eb,Ib       binary       8         all     lock                   simple   ADC—Add With Carry
    80 /3        SBB        Eb,Ib       binary       8         all     lock                   simple   SBB—Integer Subtraction With Borrow
    80 /4        AND        Eb,Ib       binary       8         all     lock                   simple   AND—Logical AND
    80 /5        SUB        Eb,Ib       binary       8         all     lock                   simple   SUB—Subtract
    80 /6        XOR        Eb,Ib       binary       8         all     lock                   simple   XOR—Logical Exclusive OR
    80 /7        CMP        Eb,Ib       compare      8         all     -                      simple   CMP—Compare Two Operands
    81 /0        ADD        Ev,Iz       binary       16,32,64  all     lock                   simple   ADD—Add
    81 /1        OR         Ev,Iz       binary       16,32,64  all     lock                   simple   OR—Logical Inclusive OR
    81 /2        ADC        Ev,Iz       binary       16,32,64  all     lock                   simple   ADC—Add With Carry
    81 /3        SBB        Ev,Iz       binary       16,32,64  all     lock                   simple   SBB—Integer Subtraction With Borrow
    81 /4        AND        Ev,Iz       binary       16,32,64  all     lock                   simple   AND—Logical AND
    81 /5        SUB        Ev,Iz       binary       16,32,64  all     lock                   simple   SUB—Subtract
    81 /6        XOR        Ev,Iz       binary       16,32,64  all     lock                   simple   XOR—Logical Exclusive OR
    81 /7        CMP        Ev,Iz       compare      16,32,64  all     -                      simple   CMP—Compare Two Operands
    83 /0        ADD        Ev,Ibs      binary       16,32,64  all     lock                   simple   ADD—Add
    83 /1        OR         Ev,Ibs      binary       16,32,64  all     lock                   simple   OR—Logical Inclusive OR
    83 /2        ADC        Ev,Ibs      binary       16,32,64  all     lock                   simple   ADC—Add With Carry
    83 /3        SBB        Ev,Ibs      binary       16,32,64  all     lock                   simple   SBB—Integer Subtraction With Borrow
    83 /4        AND        Ev,Ibs      binary       16,32,64  all     lock                   simple   AND—Logical AND
    83 /5        SUB        Ev,Ibs      binary       16,32,64  all     lock                   simple   SUB—Subtract
    83 /6        XOR        Ev,Ibs      binary       16,32,64  all     lock                   simple   XOR—Logical Exclusive OR
    83 /7        CMP        Ev,Ibs      compare      16,32,64  all     -                      simple   CMP—Compare Two Operands
    84           TEST       Eb,Gb       compare      8         all     -                      simple   TEST—Logical Compare
    85           TEST       Ev,Gv       compare      16,32,64  all     -                      simple   TEST—Logical Compare
    A8           TEST       AL,Ib       compare      8         all     -                      simple   TEST—Logical Compare
    A9           TEST       rAX,Iz      compare      16,32,64  all     -                      simple   TEST—Logical Compare
    F6 /0        TEST       Eb,Ib       compare      8         all     -                      simple   TEST—Logical Compare
    F6 /1        TEST       Eb,Ib       compare      8         all     -                      simple   TEST—Logical Compare
    F7 /0        TEST       Ev,Iz       compare      16,32,64  all     -                      simple   TEST—Logical Compare
    F7 /1        TEST       Ev,Iz       compare      16,32,64  all     -                      simple   TEST—Logical Compare
    FE /0        INC        Eb          unary        8         all     lock                   simple   INC—Increment by 1
    FE /1        DEC        Eb          unary        8         all     lock                   simple   DEC—Decrement by 1
    FF /0        INC        Ev          unary        16,32,64  all     lock                   simple   INC—Increment by 1
    FF /1        DEC        Ev          unary        16,32,64  all     lock                   simple   DEC—Decrement by 1
    F6 /2        NOT        Eb          unary        8         all     lock                   simple   NOT—One's Complement Negation
    F7 /2        NOT        Ev          unary        16,32,64  all     lock                   simple   NOT—One's Complement Negation
    F6 /3        NEG        Eb          unary        8         all     lock                   simple   NEG—Two's Complement Negation
    F7 /3        NEG        Ev          unary        16,32,64  all     lock                   simple   NEG—Two's Complement Negation
    F6 /4        MUL        Eb          multiply     8         all     -                      multiply MUL—Unsigned Multiply
    F7 /4        MUL        Ev          multiply     16,32,64  all     -                      multiply MUL—Unsigned Multiply
    F6 /5        IMUL       Eb          multiply     8         all     -                      multiply IMUL—Signed Multiply
    F7 /5        IMUL       Ev          multiply     16,32,64  all     -                      multiply IMUL—Signed Multiply
    F6 /6        DIV        Eb          divide       8         all     -                      divide   DIV—Unsigned Divide
    F7 /6        DIV        Ev          divide       16,32,64  all     -                      divide   DIV—Unsigned Divide
    F6 /7        IDIV       Eb          divide       8         all     -                      divide   IDIV—Signed Divide
    F7 /7        IDIV       Ev          divide       16,32,64  all     -                      divide   IDIV—Signed Divide
    0F AF        IMUL       Gv,Ev       binary       16,32,64  all     as=IMUL2               multiply IMUL—Signed Multiply
    69           IMUL       Gv,Ev,Iz    product      16,32,64  all     -                      multiply IMUL—Signed Multiply
    6B           IMUL       Gv,Ev,Ibs   product      16,32,64  all     -                      multiply IMUL—Signed Multiply

    # Shifts, rotates, bits
    C0 /0        ROL        Eb,Ib       shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    C0 /1        ROR        Eb,Ib       shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    C0 /2        RCL        Eb,Ib       shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    C0 /3        RCR        Eb,Ib       shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    C0 /4        SHL        Eb,Ib       shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    C0 /5        SHR        Eb,Ib       shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    C0 /6        SHL        Eb,Ib       shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    C0 /7        SAR        Eb,Ib       shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    C1 /0        ROL        Ev,Ib       shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    C1 /1        ROR        Ev,Ib       shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    C1 /2        RCL        Ev,Ib       shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    C1 /3        RCR        Ev,Ib       shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    C1 /4        SHL        Ev,Ib       shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    C1 /5        SHR        Ev,Ib       shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    C1 /6        SHL        Ev,Ib       shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    C1 /7        SAR        Ev,Ib       shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D0 /0        ROL        Eb,1        shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D0 /1        ROR        Eb,1        shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D0 /2        RCL        Eb,1        shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D0 /3        RCR        Eb,1        shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D0 /4        SHL        Eb,1        shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D0 /5        SHR        Eb,1        shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D0 /6        SHL        Eb,1        shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D0 /7        SAR        Eb,1        shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D1 /0        ROL        Ev,1        shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D1 /1        ROR        Ev,1        shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D1 /2        RCL        Ev,1        shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D1 /3        RCR        Ev,1        shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D1 /4        SHL        Ev,1        shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D1 /5        SHR        Ev,1        shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D1 /6        SHL        Ev,1        shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D1 /7        SAR        Ev,1        shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D2 /0        ROL        Eb,CL       shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D2 /1        ROR        Eb,CL       shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D2 /2        RCL        Eb,CL       shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D2 /3        RCR        Eb,CL       shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D2 /4        SHL        Eb,CL       shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D2 /5        SHR        Eb,CL       shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D2 /6        SHL        Eb,CL       shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D2 /7        SAR        Eb,CL       shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D3 /0        ROL        Ev,CL       shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D3 /1        ROR        Ev,CL       shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D3 /2        RCL        Ev,CL       shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D3 /3        RCR        Ev,CL       shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D3 /4        SHL        Ev,CL       shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D3 /5        SHR        Ev,CL       shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D3 /6        SHL        Ev,CL       shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D3 /7        SAR        Ev,CL       shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    0F A4        SHLD       Ev,Gv,Ib    doubleShift  16,32,64  all     -                      simple   SHLD—Double Precision Shift Left
    0F A5        SHLD       Ev,Gv,CL    doubleShift  16,32,64  all     -                      simple   SHLD—Double Precision Shift Left
    0F AC        SHRD       Ev,Gv,Ib    doubleShift  16,32,64  all     -                      simple   SHRD—Double Precision Shift Right
    0F AD        SHRD       Ev,Gv,CL    doubleShift  16,32,64  all     -                      simple   SHRD—Double Precision Shift Right
    0F A3        BT         Ev,Gv       bitTest      16,32,64  all     -                      simple   BT—Bit Test
    0F AB        BTS        Ev,Gv       bitTest      16,32,64  all     lock                   simple   BTS—Bit Test and Set
    0F B3        BTR        Ev,Gv       bitTest      16,32,64  all     lock                   simple   BTR—Bit Test and Reset
    0F BB        BTC        Ev,Gv       bitTest      16,32,64  all     lock                   simple   BTC—Bit Test and Complement
    0F BA /4     BT         Ev,Ib       bitTest      16,32,64  all     -                      simple   BT—Bit Test
    0F BA /5     BTS        Ev,Ib       bitTest      16,32,64  all     lock                   simple   BTS—Bit Test and Set
    0F BA /6     BTR        Ev,Ib       bitTest      16,32,64  all     lock                   simple   BTR—Bit Test and Reset
    0F BA /7     BTC        Ev,Ib       bitTest      16,32,64  all     lock                   simple   BTC—Bit Test and Complement
    NP 0F BC     BSF        Gv,Ev       bitScan      16,32,64  all     -                      simple   BSF—Bit Scan Forward
    NP 0F BD     BSR        Gv,Ev       bitScan      16,32,64  all     -                      simple   BSR—Bit Scan Reverse
    F3 0F BC     TZCNT      Gv,Ev       bitScan      16,32,64  all     -                      simple   TZCNT—Count the Number of Trailing Zero Bits
    F3 0F BD     LZCNT      Gv,Ev       bitScan      16,32,64  all     -                      simple   LZCNT—Count the Number of Leading Zero Bits
    F3 0F B8     POPCNT     Gv,Ev       bitScan      16,32,64  all     -                      simple   POPCNT—Return the Count of Number of Bits Set to 1
    0F C8+r      BSWAP      Zv          sized        32,64     all     -                      simple   BSWAP—Byte Swap

    # Moves
    88           MOV        Eb,Gb       move         8         all     -                      simple   MOV—Move
    89           MOV        Ev,Gv       move         16,32,64  all     -                      simple   MOV—Move
    8A           MOV        Gb,Eb       move         8         all     -                      simple   MOV—Move
    8B           MOV        Gv,Ev       move         16,32,64  all     -                      simple   MOV—Move
    A0           MOV        AL,Ob       sized        8         all     as=loadOffset          simple   MOV—Move
    A1           MOV        rAX,Ov      sized        16,32,64  all     as=loadOffset          simple   MOV—Move
    A2           MOV        Ob,AL       sized        8         all     as=storeOffset         simple   MOV—Move
    A3           MOV        Ov,rAX      sized        16,32,64  all     as=storeOffset         simple   MOV—Move
    B0+r         MOV        Zb,Ib       move         8         all     -                      simple   MOV—Move
    B8+r         MOV        Zv,Iv       move         16,32,64  all     -                      simple   MOV—Move
    C6 /0        MOV        Eb,Ib       move         8         all     -                      simple   MOV—Move
    C7 /0        MOV        Ev,Iz       move         16,32,64  all     -                      simple   MOV—Move
    0F B6        MOVZX      Gv,Eb       extend       16,32,64  all     -                      simple   MOVZX—Move With Zero-Extend
    0F B7        MOVZX      Gv,Ew       extend       16,32,64  all     -                      simple   MOVZX—Move With Zero-Extend
    0F BE        MOVSX      Gv,Eb       extend       16,32,64  all     -                      simple   MOVSX/MOVSXD—Move With Sign-Extension
    0F BF        MOVSX      Gv,Ew       extend       16,32,64  all     -                      simple   MOVSX/MOVSXD—Move With Sign-Extension
    63           MOVSXD     Gv,Ed       extend       16,32,64  64      -                      simple   MOVSX/MOVSXD—Move With Sign-Extension
    8D           LEA        Gv,M        sized        16,32,64  all     -                      simple   LEA—Load Effective Address
    86           XCHG       Eb,Gb       sized        8         all     lock                   simple   XCHG—Exchange Register/Memory With Register
    87           XCHG       Ev,Gv       sized        16,32,64  all     lock                   simple   XCHG—Exchange Register/Memory With Register
    NP 90        NOP        -           plain        -         all     -                      simple   NOP—No Operation
    F3 90        PAUSE      -           plain        -         all     as=nop                 simple   PAUSE—Spin Loop Hint
    90+r         XCHG       Zv,rAX      sized        16,32,64  all     as=xchgAccumulator     simple   XCHG—Exchange Register/Memory With Register
    0F C0        XADD       Eb,Gb       sized        8         all     lock                   simple   XADD—Exchange and Add
    0F C1        XADD       Ev,Gv       sized        16,32,64  all     lock                   simple   XADD—Exchange and Add
    0F B0        CMPXCHG    Eb,Gb       sized        8         all     lock                   simple   CMPXCHG—Compare and Exchange
    0F B1        CMPXCHG    Ev,Gv       sized        16,32,64  all     lock                   simple   CMPXCHG—Compare and Exchange
    0F 40+c      CMOV       Gv,Ev       moveIf       16,32,64  all     -                      simple   CMOVcc—Conditional Move
    0F 90+c      SET        Eb          setIf        8         all     -                      simple   SETcc—Set Byte on Condition
    98           CBW        -           sized        16,32,64  all     as=extendAccumulator   simple   CBW/CWDE/CDQE—Convert Byte to Word/Convert Word to Doubleword/Convert Doubleword to Quadword
    99           CWD        -           sized        16,32,64  all     as=signIntoData        simple   CWD/CDQ/CQO—Convert Word to Doubleword/Convert Doubleword to Quadword
    9C           PUSHF      -           sized        16,64     64      d64,as=pushFlags       simple   PUSHF/PUSHFD/PUSHFQ—Push RFLAGS Register Onto the Stack
    9D           POPF       -           sized        16,64     64      d64,ends,as=popFlags   simple   POPF/POPFD/POPFQ—Pop Stack Into RFLAGS Register
    9E           SAHF       -           plain        -         all     -                      simple   SAHF—Store AH Into Flags
    9F           LAHF       -           plain        -         all     -                      simple   LAHF—Load Status Flags Into AH Register
    F5           CMC        -           plain        -         all     -                      simple   CMC—Complement Carry Flag
    F8           CLC        -           plain        -         all     -                      simple   CLC—Clear Carry Flag
    F9           STC        -           plain        -         all     -                      simple   STC—Set Carry Flag
    FC           CLD        -           plain        -         all     -                      simple   CLD—Clear Direction Flag
    FD           STD        -           plain        -         all     -                      simple   STD—Set Direction Flag

    # Stack
    50+r         PUSH       Zv          sized        16,64     64      d64,as=pushRegister    simple   PUSH—Push Word, Doubleword, or Quadword Onto the Stack
    58+r         POP        Zv          sized        16,64     64      d64,as=popRegister     simple   POP—Pop a Value From the Stack
    68           PUSH       Iz          sized        16,64     64      d64,as=pushImmediate   simple   PUSH—Push Word, Doubleword, or Quadword Onto the Stack
    6A           PUSH       Ibs         sized        16,64     64      d64,as=pushImmediate   simple   PUSH—Push Word, Doubleword, or Quadword Onto the Stack
    FF /6        PUSH       Ev          sized        16,64     64      d64,ends,as=push       simple   PUSH—Push Word, Doubleword, or Quadword Onto the Stack
    8F /0        POP        Ev          sized        16,64     64      d64,ends,as=pop        simple   POP—Pop a Value From the Stack
    C9           LEAVE      -           plain        64        64      d64                    simple   LEAVE—High Level Procedure Exit

    # Transfers
    70+c         J          Jb          jumpIf       64        64      d64,ends               branch   Jcc—Jump if Condition Is Met
    0F 80+c      J          Jz          jumpIf       64        64      d64,ends               branch   Jcc—Jump if Condition Is Met
    EB           JMP        Jb          plain        64        64      d64,ends,as=jump       branch   JMP—Jump
    E9           JMP        Jz          plain        64        64      d64,ends,as=jump       branch   JMP—Jump
    FF /4        JMP        Ev          near         64        64      d64,ends,as=jumpNear   branch   JMP—Jump
    E8           CALL       Jz          plain        64        64      d64,ends,as=call       branch   CALL—Call Procedure
    FF /2        CALL       Ev          near         64        64      d64,ends,as=callNear   branch   CALL—Call Procedure
    C3           RET        -           plain        64        64      d64,ends,as=ret        branch   RET—Return From Procedure
    C2           RET        Iw          plain        64        64      d64,ends,as=ret        branch   RET—Return From Procedure
    E0           LOOPNE     Jb          plain        64        64      d64,ends               branch   LOOP/LOOPcc—Loop According to ECX Counter
    E1           LOOPE      Jb          plain        64        64      d64,ends               branch   LOOP/LOOPcc—Loop According to ECX Counter
    E2           LOOP       Jb          plain        64        64      d64,ends               branch   LOOP/LOOPcc—Loop According to ECX Counter
    E3           JRCXZ      Jb          plain        64        64      d64,ends               branch   Jcc—Jump if Condition Is Met
    CC           INT3       -           plain        -         all     ends,as=breakpoint     simple   INT n/INTO/INT3/INT1—Call to Interrupt Procedure
    CD           INT        Ib          plain        -         all     ends,as=interrupt      simple   INT n/INTO/INT3/INT1—Call to Interrupt Procedure
    CF           IRET       -           sized        64        64      ends,as=interruptReturn  simple  IRET/IRETD/IRETQ—Interrupt Return
    0F 0B        UD2        -           plain        -         all     ends,as=undefined      simple   UD—Undefined Instruction

    # Strings
    A4           MOVS       -           string       8         all     ends                   simple   MOVS/MOVSB/MOVSW/MOVSD/MOVSQ—Move Data From String to String
    A5           MOVS       -           string       16,32,64  all     ends                   simple   MOVS/MOVSB/MOVSW/MOVSD/MOVSQ—Move Data From String to String
    A6           CMPS       -           string       8         all     ends                   simple   CMPS/CMPSB/CMPSW/CMPSD/CMPSQ—Compare String Operands
    A7           CMPS       -           string       16,32,64  all     ends                   simple   CMPS/CMPSB/CMPSW/CMPSD/CMPSQ—Compare String Operands
    AA           STOS       -           string       8         all     ends                   simple   STOS/STOSB/STOSW/STOSD/STOSQ—Store String
    AB           STOS       -           string       16,32,64  all     ends                   simple   STOS/STOSB/STOSW/STOSD/STOSQ—Store String
    AC           LODS       -           string       8         all     ends                   simple   LODS/LODSB/LODSW/LODSD/LODSQ—Load String
    AD           LODS       -           string       16,32,64  all     ends                   simple   LODS/LODSB/LODSW/LODSD/LODSQ—Load String
    AE           SCAS       -           string       8         all     ends                   simple   SCAS/SCASB/SCASW/SCASD—Scan String
    AF           SCAS       -           string       16,32,64  all     ends                   simple   SCAS/SCASB/SCASW/SCASD—Scan String

    # System
    E4           IN         AL,Ib       sized        8         all     ends,as=inImmediate    port     IN—Input From Port
    E5           IN         rAX,Ib      sized        16,32     all     ends,as=inImmediate    port     IN—Input From Port
    E6           OUT        Ib,AL       sized        8         all     ends,as=outImmediate   port     OUT—Output to Port
    E7           OUT        Ib,rAX      sized        16,32     all     ends,as=outImmediate   port     OUT—Output to Port
    EC           IN         AL,DX       sized        8         all     ends,as=inData         port     IN—Input From Port
    ED           IN         rAX,DX      sized        16,32     all     ends,as=inData         port     IN—Input From Port
    EE           OUT        DX,AL       sized        8         all     ends,as=outData        port     OUT—Output to Port
    EF           OUT        DX,rAX      sized        16,32     all     ends,as=outData        port     OUT—Output to Port
    F4           HLT        -           plain        -         all     ends                   simple   HLT—Halt
    FA           CLI        -           plain        -         all     ends                   simple   CLI—Clear Interrupt Flag
    FB           STI        -           plain        -         all     ends                   simple   STI—Set Interrupt Flag
    0F 01 /2     LGDT       M           plain        -         64      ends,as=loadGDT        simple   LGDT/LIDT—Load Global/Interrupt Descriptor Table Register
    0F 01 /3     LIDT       M           plain        -         64      ends,as=loadIDT        simple   LGDT/LIDT—Load Global/Interrupt Descriptor Table Register
    0F 01 /7     INVLPG     M           plain        -         all     ends                   invlpg   INVLPG—Invalidate TLB Entries
    0F 20        MOV        R,C         plain        64        64      d64,ends,as=readControl   simple  MOV—Move to/from Control Registers
    0F 22        MOV        C,R         plain        64        64      d64,ends,as=writeControl  control MOV—Move to/from Control Registers
    0F 30        WRMSR      -           plain        -         all     ends,as=writeMSR       simple   WRMSR—Write to Model Specific Register
    0F 31        RDTSC      -           plain        -         all     as=readTSC             simple   RDTSC—Read Time-Stamp Counter
    0F 32        RDMSR      -           plain        -         all     ends,as=readMSR          simple   RDMSR—Read From Model Specific Register
    NP 0F AE /5!0  LFENCE   -           plain        -         all     as=nop                 simple   LFENCE—Load Fence
    NP 0F AE /6!0  MFENCE   -           plain        -         all     as=nop                 simple   MFENCE—Memory Fence
    NP 0F AE /7!0  SFENCE   -           plain        -         all     as=nop                 simple   SFENCE—Store Fence
    0F 1F        NOP        Ev          plain        -         all     as=nop                 simple   NOP—No Operation
    0F 1E        NOP        Ev          plain        -         all     as=nop                 simple   NOP—No Operation
    0F 18        NOP        Ev          plain        -         all     as=nop                 simple   PREFETCHh—Prefetch Data Into Caches
    0F 0D        NOP        Ev          plain        -         all     as=nop                 simple   PREFETCHW—Prefetch Data Into Caches in Anticipation of a Write
    """
}
