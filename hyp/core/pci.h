/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration space as the PCI Local Bus and PCI Express specifications
 * have it ("configuration space header type 0", "capability structures"),
 * for the core's pci*.c only.
 */
#ifndef CORE_PCI_H
#define CORE_PCI_H

#include <hyp/pci.h>

#define PCI_FUNCTION_SHIFT 12u /* ECAM: bytes of a function */
#define PCI_BUS_SHIFT 20u
#define PCI_REQUESTER_SHIFT 8u /* of the bus */
#define PCI_OFFSET_MASK 0xffcu /* the word within a function */

#define PCI_VENDOR 0x00u
#define PCI_VENDOR_NONE 0xffffu
#define PCI_COMMAND 0x04u /* with the status above it */
#define PCI_COMMAND_MEMORY (1u << 1)
#define PCI_COMMAND_MASTER (1u << 2)
#define PCI_COMMAND_PIN_OFF (1u << 10)
#define PCI_STATUS_CAPABILITIES (1u << 20)
#define PCI_HEADER_TYPE(word) ((word) >> 16 & 0x7fu) /* of the word at 0x0c */
#define PCI_BAR(index) (0x10u + 4u * (index))
#define PCI_BAR_FLAGS 0xfu
#define PCI_BAR_IO 1u
#define PCI_BAR_WIDTH 6u
#define PCI_BAR_WIDE 4u
#define PCI_ROM 0x30u
#define PCI_FIRST 0x34u

#define PCI_ID_PM 0x01u
#define PCI_ID_MSI 0x05u
#define PCI_ID_EXPRESS 0x10u
#define PCI_ID_MSIX 0x11u

#define PCI_PM_STATUS 4u          /* within the capability */
#define PCI_PM_STATE 3u           /* D0 is 0 */
#define PCI_EXPRESS_DEVICE 4u
#define PCI_EXPRESS_HAS_RESET (1u << 28)
#define PCI_EXPRESS_CONTROL 8u
#define PCI_EXPRESS_RESET (1u << 15)
#define PCI_MSG_CONTROL 2u        /* of MSI and MSI-X: the upper half of the first word */
#define PCI_MSIX_LAST_MASK (0x7ffu << 16)
#define PCI_MSIX_LAST(word) (((word) & PCI_MSIX_LAST_MASK) >> 16)

/** Write the command register: memory always on, the pin off if it leads nowhere, of `command` the rest. */
void pci_command(const struct plan_pci_function *function, uint32_t command);

#endif
