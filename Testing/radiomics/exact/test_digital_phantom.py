"""The exact engine on the digital phantom of the Image Biomarker Standardisation Initiative."""

from __future__ import annotations

import csv

import pytest

from SuperResRadiomicsLib.image import read_image, read_mask
from SuperResRadiomicsLib.radiomics.engine import ENGINES
from SuperResRadiomicsLib.radiomics.plan import FEATURE_CLASSES, ExtractionPlan

FEATURES = {
    "morph_volume": "shape_MeshVolume",
    "morph_vol_approx": "shape_VoxelVolume",
    "morph_area_mesh": "shape_SurfaceArea",
    "morph_diam": "shape_Maximum3DDiameter",
    "morph_sphericity": "shape_Sphericity",
    "stat_mean": "firstorder_Mean",
    "stat_var": "firstorder_Variance",
    "stat_skew": "firstorder_Skewness",
    "stat_p90": "firstorder_90Percentile",
    "stat_energy": "firstorder_Energy",
    "ih_entropy": "firstorder_Entropy",
    "ih_uniformity": "firstorder_Uniformity",
    "cm_joint_max_3D_avg": "glcm_MaximumProbability",
    "cm_joint_avg_3D_avg": "glcm_JointAverage",
    "cm_joint_entr_3D_avg": "glcm_JointEntropy",
    "cm_diff_avg_3D_avg": "glcm_DifferenceAverage",
    "cm_sum_entr_3D_avg": "glcm_SumEntropy",
    "cm_contrast_3D_avg": "glcm_Contrast",
    "cm_corr_3D_avg": "glcm_Correlation",
    "cm_clust_prom_3D_avg": "glcm_ClusterProminence",
    "cm_info_corr1_3D_avg": "glcm_Imc1",
    "rlm_sre_3D_avg": "glrlm_ShortRunEmphasis",
    "rlm_lre_3D_avg": "glrlm_LongRunEmphasis",
    "rlm_glnu_3D_avg": "glrlm_GrayLevelNonUniformity",
    "rlm_r_perc_3D_avg": "glrlm_RunPercentage",
    "rlm_rl_entr_3D_avg": "glrlm_RunEntropy",
    "szm_sze_3D": "glszm_SmallAreaEmphasis",
    "szm_lze_3D": "glszm_LargeAreaEmphasis",
    "szm_z_perc_3D": "glszm_ZonePercentage",
    "szm_zs_entr_3D": "glszm_ZoneEntropy",
    "ngt_coarseness_3D": "ngtdm_Coarseness",
    "ngt_contrast_3D": "ngtdm_Contrast",
    "ngt_busyness_3D": "ngtdm_Busyness",
    "ngt_complexity_3D": "ngtdm_Complexity",
    "ngt_strength_3D": "ngtdm_Strength",
    "ngl_lde_3D": "gldm_SmallDependenceEmphasis",
    "ngl_hde_3D": "gldm_LargeDependenceEmphasis",
    "ngl_dcnu_3D": "gldm_DependenceNonUniformity",
    "ngl_dc_entr_3D": "gldm_DependenceEntropy",
}


def test_consensus_values(test_data):
    folder = test_data / "reference" / "ibsi"
    image = read_image(folder / "digital_phantom" / "phantom.nii.gz", "CT")
    mask = read_mask(folder / "digital_phantom" / "mask.nii.gz", image.grid)
    found = ENGINES["exact"].extract(image, mask, ExtractionPlan(FEATURE_CLASSES, 1.0, None, None, 1))
    path = folder / "reference_values" / "ibsi_1_reference_values_digital_phantom.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["reference value"]]
    consensus = {row["tag"]: (float(row["reference value"]), float(row["tolerance"] or 0)) for row in rows}
    missing = set(FEATURES) - set(consensus)
    assert not missing
    for tag, feature in FEATURES.items():
        value, tolerance = consensus[tag]
        # The table gives three digits.
        assert found[f"original_{feature}"] == pytest.approx(value, rel=5e-3, abs=max(tolerance, 1e-9)), tag
