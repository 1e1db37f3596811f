"""The words of CBV 2.0 and the GS1 Web Vocabulary that EPCIS 2.0 takes in their bare form.

They are those of the EPCIS 2.0 JSON schema; any other value of these fields is a URI.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "ACTIONS",
    "BIZ_STEPS",
    "BIZ_TRANSACTION_TYPES",
    "COMPONENTS",
    "DISPOSITIONS",
    "ERROR_REASONS",
    "MEASUREMENT_TYPES",
    "SENSOR_ALERTS",
    "SOURCE_DEST_TYPES",
]

ACTIONS: Final = frozenset(("OBSERVE", "ADD", "DELETE"))

BIZ_STEPS: Final = frozenset(
    """accepting arriving assembling collecting commissioning consigning creating_class_instance
    cycle_counting decommissioning departing destroying disassembling dispensing encoding entering_exiting
    holding inspecting installing killing loading other packing picking receiving removing repackaging
    repairing replacing reserving retail_selling sampling sensor_reporting shipping staging_outbound
    stock_taking stocking storing transporting unloading unpacking void_shipping""".split()
)

DISPOSITIONS: Final = frozenset(
    """active available completeness_inferred completeness_verified conformant container_closed
    container_open damaged destroyed dispensed disposed encoded expired in_progress in_transit inactive
    mismatch_class mismatch_instance mismatch_quantity needs_replacement no_pedigree_match non_conformant
    non_sellable_other partially_dispensed recalled reserved retail_sold returned sellable_accessible
    sellable_not_accessible stolen unavailable unknown""".split()
)

BIZ_TRANSACTION_TYPES: Final = frozenset(
    "bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt".split()
)

SOURCE_DEST_TYPES: Final = frozenset(("owning_party", "possessing_party", "location"))

ERROR_REASONS: Final = frozenset(("did_not_occur", "incorrect_data"))

SENSOR_ALERTS: Final = frozenset(("ALARM_CONDITION", "ERROR_CONDITION"))

COMPONENTS: Final = frozenset(
    """x y z altitude axial_distance azimuth easting elevation_angle height latitude longitude northing
    polar_angle spherical_radius""".split()
)

MEASUREMENT_TYPES: Final = frozenset(
    """AbsoluteHumidity AbsorbedDose AbsorbedDoseRate Acceleration Altitude AmountOfSubstance
    AmountOfSubstancePerUnitVolume Angle AngularAcceleration AngularMomentum AngularVelocity Area
    Capacitance Conductance Conductivity Count Density Dimensionless DoseEquivalent DoseEquivalentRate
    DynamicViscosity ElectricCharge ElectricCurrent ElectricCurrentDensity ElectricFieldStrength Energy
    Exposure Force Frequency Illuminance Inductance Irradiance KinematicViscosity Length LinearMomentum
    Luminance LuminousFlux LuminousIntensity MagneticFlux MagneticFluxDensity MagneticVectorPotential Mass
    MassConcentration MassFlowRate MassPerAreaTime MemoryCapacity MolalityOfSolute MolarEnergy MolarMass
    MolarVolume Power Pressure RadiantFlux RadiantIntensity Radioactivity RelativeHumidity Resistance
    Resistivity SolidAngle SpecificVolume Speed SurfaceDensity SurfaceTension Temperature Time Torque
    Voltage Volume VolumeFlowRate VolumeFraction VolumetricFlux Wavenumber""".split()
)
