# SPDX-License-Identifier: Apache-2.0
"""What scripts/gpu_check and scripts/gpu_bundle consist of; plan.py says what is run."""
