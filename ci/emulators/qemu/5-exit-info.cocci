// SPDX-License-Identifier: GPL-2.0-or-later
//
// target/i386: Leave EXITINTINFO empty where no event's delivery was intercepted
//
// do_vmexit() copies EVENTINJ to EXITINTINFO. Once an event is delivered,
// do_interrupt_all() clears EVENTINJ's V bit and leaves vector and type, so the
// next #VMEXIT reports a type without V. Linux 7.2's npf_interception() looks at
// the type alone: it takes the first access to a device's register after an
// exception for one that was made by that exception's delivery.
//
// expect: target/i386/tcg/system/svm_helper.c 1 event_inj & SVM_EVTINJ_VALID ? event_inj : 0

@reported@
expression env, cs, from, to;
@@
 do_vmexit(...)
 {
 <...
-x86_stl_phys(cs, to + offsetof(struct vmcb, control.exit_int_info),
-             x86_ldl_phys(cs, from + offsetof(struct vmcb, control.event_inj)));
+uint32_t event_inj =
+    x86_ldl_phys(cs, from + offsetof(struct vmcb, control.event_inj));
+x86_stl_phys(cs, to + offsetof(struct vmcb, control.exit_int_info),
+             event_inj & SVM_EVTINJ_VALID ? event_inj : 0);
 ...>
 }
